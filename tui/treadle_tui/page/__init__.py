"""One trace as a page to send to someone: everything is in the file, and nothing is asked of anywhere."""
