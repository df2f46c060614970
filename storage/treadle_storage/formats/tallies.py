"""What became of an import: how many, and of those that were left out why, with the place of the first of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


class SkippedError(ValueError):
    """A span, or a piece of a file, that cannot be imported; the message says why."""


@dataclass(slots=True)
class Tally:
    """Counts by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)

    def note(self, reason: str, place: str) -> None:
        """Count one more."""
        self.counts[reason] += 1
        self.places.setdefault(reason, place)

    @property
    def total(self) -> int:
        """How many in all."""
        return self.counts.total()

    def lines(self) -> list[str]:
        """Return a line a reason, the most frequent first."""
        return [f"{count:,}: {reason} ({self.places[reason]})" for reason, count in self.counts.most_common()]


@dataclass(slots=True)
class Imported:
    """What an import did."""

    spans: int = 0
    """New in the store."""
    known: int = 0
    """They were in the store already, or stood twice in the files."""
    skipped: Tally = field(default_factory=Tally)
    """Spans that could not be taken."""
    unread: Tally = field(default_factory=Tally)
    """Lines and messages of files that hold no spans, or could not be read."""
    mended: Tally = field(default_factory=Tally)
    """Spans that were taken with something put right."""
    secrets: int = 0
    """Texts that were masked."""
