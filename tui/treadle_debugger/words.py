"""The difference between two texts, word by word."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

MOST_WORDS = 4_000
"""Above this, lines are compared: difflib's time grows with the square."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that both have, or that only one has."""

    change: Literal["same", "removed", "added"]
    text: str


def diff_words(before: str, after: str) -> list[Piece]:
    """Return the pieces that make `before` without the added ones, and `after` without the removed ones."""
    ours, theirs = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(ours), len(theirs)) > MOST_WORDS:
        ours, theirs = _LINES.findall(before), _LINES.findall(after)
    head = _common(ours, theirs)
    tail = min(_common(ours[::-1], theirs[::-1]), min(len(ours), len(theirs)) - head)
    pieces = [Piece("same", "".join(ours[:head]))]
    pieces += _middle(ours[head : len(ours) - tail], theirs[head : len(theirs) - tail])
    pieces.append(Piece("same", "".join(ours[len(ours) - tail :])))
    return _merged(pieces)


def _middle(ours: list[str], theirs: list[str]) -> list[Piece]:
    pieces = []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for change, from_ours, to_ours, from_theirs, to_theirs in matcher.get_opcodes():
        if change == "equal":
            pieces.append(Piece("same", "".join(ours[from_ours:to_ours])))
        else:
            pieces.append(Piece("removed", "".join(ours[from_ours:to_ours])))
            pieces.append(Piece("added", "".join(theirs[from_theirs:to_theirs])))
    return pieces


def _common(ours: list[str], theirs: list[str]) -> int:
    shorter = min(len(ours), len(theirs))
    return next((at for at in range(shorter) if ours[at] != theirs[at]), shorter)


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    told = (piece for piece in pieces if piece.text)
    runs = groupby(told, key=lambda piece: piece.change)
    return [Piece(change, "".join(piece.text for piece in run)) for change, run in runs]
