"""The one question that the tests of clients ask, and how its answers are read."""

from typing import Any

import recorded

QUESTION = [{"role": "user", "content": "a b c"}]
WORDS = ["", "echo:", " a", " b", " c", None]
"""The texts of the chunks in which the loopback server answers it."""


def texts(chunks: list[Any]) -> list[str | None]:
    """Return the text of each chunk."""
    return [chunk.choices[0].delta.content for chunk in chunks]


def said(call: recorded.Recorded) -> str:
    """Return the recorded answer's text."""
    return str(call.output["choices"][0]["message"]["content"])
