"""What runs inside a replaying process."""
