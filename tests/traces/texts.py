"""Texts for made traces: words by their frequency in a language, joined once and then only cut out of."""

from __future__ import annotations

from itertools import accumulate
from random import Random

_SYLLABLES = ("ka", "lo", "mi", "ren", "ta", "sol", "ve", "din", "or", "pas", "quu", "el", "thi", "bra", "nu", "ster")
_FREQUENT = (
    "the", "of", "and", "to", "in", "is", "that", "it", "for", "was", "on", "are", "as", "with", "at", "be", "this",
    "have", "from", "or", "one", "had", "by", "but", "not", "what", "all", "were", "we", "when", "your", "can", "said",
    "there", "use", "an", "each", "which", "she", "do", "how", "their", "if", "will", "up", "other", "about", "out",
)  # fmt: skip
_ODD = ('\\"refund\\"', "caf\u00e9", "\u7e54\u6a5f", "\\n", "\U0001f9f5", "4711", "\u20ac349.00")
"""As JSON holds them."""
VOCABULARY = 3_000
LARGEST_BYTES = 8 * 1024 * 1024
_SENTENCE_WORDS = 12


class Texts:
    """Cuts sentences out of one long text; what it returns can stand between the quotes of JSON as it is."""

    def __init__(self, random: Random, *, needed_bytes: int) -> None:
        """Prepare as much text as is needed, up to a limit: two pieces are seldom the same."""
        made = ["".join(random.choices(_SYLLABLES, k=random.randint(2, 4))) for _ in range(VOCABULARY)]
        words = [*_FREQUENT, *_ODD, *made]
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
        count = min(LARGEST_BYTES, max(needed_bytes, 1 << 16)) // (6 * _SENTENCE_WORDS)
        drawn = random.choices(words, cum_weights=weights, k=count * _SENTENCE_WORDS)
        sentences = [
            " ".join(drawn[at : at + _SENTENCE_WORDS]).encode() + b". " for at in range(0, len(drawn), _SENTENCE_WORDS)
        ]
        self._text = b"".join(sentences)
        self._ends = [0, *accumulate(map(len, sentences))]
        self._mean_bytes = len(self._text) / len(sentences)
        self._draw = random.random

    def cut(self, about_bytes: int) -> bytes:
        """Return whole sentences, about as long as asked."""
        sentences = round(about_bytes / self._mean_bytes * (0.5 + self._draw())) or 1
        most = len(self._ends) - 1
        if sentences >= most:
            return self._text * (sentences // most)
        first = int(self._draw() * (most - sentences))
        return self._text[self._ends[first] : self._ends[first + sentences]]
