"""Treadle's faces: the terminal app and the commands."""
