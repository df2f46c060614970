"""Treadle's version, where the packaging and the journal read it."""

__version__ = "0.1.0"
