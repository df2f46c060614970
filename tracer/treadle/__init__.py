"""Treadle: a debugger for chains of models."""
