"""Widgets: they post messages and know no store."""
