"""What knows OpenTelemetry: every other module gets ids and contexts from here."""
