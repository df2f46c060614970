"""Thin patches of model clients: the exact request, every chunk, the answer as the client's own object."""
