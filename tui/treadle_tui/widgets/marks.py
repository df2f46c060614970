"""The glyphs and three-letter tags of steps: a state is a glyph and, where there is room, a word."""

from typing import Final

from treadle.model import KINDS, STATUSES

KIND_TAGS: Final = dict(
    zip(KINDS, ("CHN", "AGT", "LLM", "TOL", "RTV", "EMB", "RRK", "GRD", "EVL", "PRM", "SPN"), strict=True)
)
STATUS_GLYPHS: Final = dict(zip(STATUSES, ("◌", "✓", "✗", "⊘"), strict=True))
STATUS_TONES: Final = dict(zip(STATUSES, ("accent", "dim", "alarm", "alarm"), strict=True))

POSITION: Final = "▶"
BREAKPOINT: Final = "●"
WATCH: Final = "◉"
FOLDED: Final = "▸"
UNFOLDED: Final = "▾"
GUIDE: Final = "│"
SOURCE_GLYPHS: Final = {"served": "↻", "overridden": "✎"}
"""Where an answer in a replay came from, where there is no room for the word."""
BEFORE: Final = "‹"  # noqa: RUF001 - it is meant
BEYOND: Final = "›"  # noqa: RUF001
"""Where a line that is cut goes on."""
