"""A language model small enough to run anywhere, behind an OpenAI-compatible server on loopback."""
