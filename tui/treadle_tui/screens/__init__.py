"""Screens: they ask the store in workers and hand widgets what came back."""
