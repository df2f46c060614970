"""One line of the span tree: gutter, state, indent guides, kind and name, duration, bar."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from treadle.model import KINDS, STATUSES
from treadle_tui import figures
from treadle_tui.widgets import marks
from treadle_tui.widgets.bars import bar

if TYPE_CHECKING:
    from treadle_storage.tree import Tree

GUTTER_CELLS: Final = 4
"""Position, breakpoint, state, a space."""
_TAG_CELLS: Final = 4
_DURATION_CELLS: Final = 7
_LEAST_TRACK_CELLS: Final = 8
_BOLD: Final = Style(bold=True)
_UNDERLINE: Final = Style(underline=True)
_REVERSE: Final = Style(reverse=True)
_RUNNING: Final = STATUSES.index("running")
_SOURCES: Final = ("", "served", "overridden")
"""What is said of where an answer came from; of a real one nothing."""

Tone = Callable[[str], Style]


@dataclass(frozen=True, slots=True)
class RowState:
    """Everything that a painted row depends on beside the arrays and the geometry."""

    step: int
    here: bool
    on_path: bool
    focus: bool
    hidden: int
    calls: bool
    failed: bool
    """It failed by itself, not because a call of its own did."""
    stop: bool
    match: bool


@dataclass(frozen=True, slots=True)
class RowGeometry:
    """Where the columns of the tree stand, for one width and one trace."""

    label_cells: int
    """From the first indent guide to the end of the name."""
    track_cells: int
    """The waterfall; 0 where there is no room."""
    first_ns: int
    span_ns: int

    @classmethod
    def of(cls, tree: "Tree", width: int) -> "RowGeometry":
        """Lay out `width` cells: names as wide as the longest up to three fifths, the rest to the waterfall."""
        first, last = _time_range(tree)
        free = width - GUTTER_CELLS - _DURATION_CELLS - 1
        wanted = _widest_label(tree) + 1
        label = min(wanted, max(16, free * 3 // 5))
        track = free - label - 1
        if track < _LEAST_TRACK_CELLS:
            label, track = max(1, free), 0
        return cls(label, max(0, track - 1), first, max(1, last - first))

    def indent(self, depth: int) -> int:
        """Return the cells before a step's triangle; deep calls stop moving right while half of the label is left."""
        return 2 * min(depth, max(1, (self.label_cells - _TAG_CELLS - 2) // 4))


def paint_row(tree: "Tree", state: RowState, geometry: RowGeometry, tone: Tone) -> list[Segment]:
    """Return the segments of one row."""
    step = state.step
    segments = _gutter(tree, state, tone)
    segments += _label(tree, state, geometry, tone)
    number, unit = figures.duration(int(tree.duration_ns[step]))
    if not number:
        number, unit = ("…" if tree.status[step] == _RUNNING else "?"), ""
    strength = tone("normal") if state.here or state.on_path else tone("dim")
    segments.append(Segment(number.rjust(_DURATION_CELLS - 2), strength))
    segments.append(Segment(unit.ljust(3), tone("dim") if state.here else tone("faint")))
    if geometry.track_cells:
        segments += _track(tree, state, geometry, tone)
    return segments


def _gutter(tree: "Tree", state: RowState, tone: Tone) -> list[Segment]:
    status = STATUSES[tree.status[state.step]]
    return [
        Segment(marks.POSITION if state.here else " ", tone("accent")),
        Segment(marks.BREAKPOINT if state.stop else " ", tone("alarm")),
        Segment(marks.STATUS_GLYPHS[status], tone(marks.STATUS_TONES[status])),
        Segment(" "),
    ]


def _label(tree: "Tree", state: RowState, geometry: RowGeometry, tone: Tone) -> list[Segment]:
    step = state.step
    depth = int(tree.depth[step])
    indent = geometry.indent(depth)
    guides = (f"{marks.GUIDE} " * depth)[:indent] if indent == 2 * depth else f"{depth}".ljust(indent, "·")
    triangle = marks.FOLDED if state.hidden else marks.UNFOLDED if state.calls else " "
    kind = KINDS[tree.kind[step]]
    room = max(0, geometry.label_cells - indent - 2 - _TAG_CELLS)
    name = tree.names[tree.name[step]]
    notes = _notes(tree, state, room - cell_len(name))
    if cell_len(name) + len(notes) > room:
        name = _shorten(name, max(0, room - len(notes)))
    rest = room - cell_len(name) - len(notes)
    return [
        Segment(guides, tone("hairline")),
        Segment(triangle + " ", tone("dim") if state.hidden else tone("faint")),
        Segment(marks.KIND_TAGS[kind] + " ", tone(f"kind-{kind}")),
        Segment(name, _name_style(state, tone)),
        Segment(notes + " " * max(0, rest), tone("dim")),
    ]


def _notes(tree: "Tree", state: RowState, room: int) -> str:
    notes = f" +{figures.count(state.hidden)}" if state.hidden else ""
    source = _SOURCES[tree.source[state.step]]
    if not source:
        return notes
    return f"{notes} {source if len(notes) + 1 + len(source) <= room else marks.SOURCE_GLYPHS[source]}"


def _name_style(state: RowState, tone: Tone) -> Style:
    if state.failed:
        style = tone("alarm")
    elif state.here:
        style = tone("strong")
    else:
        style = tone("strong") if state.on_path else tone("normal")
    if state.here:
        style += _BOLD
    return style + tone("match") + _UNDERLINE if state.match else style


def _track(tree: "Tree", state: RowState, geometry: RowGeometry, tone: Tone) -> list[Segment]:
    step = state.step
    start = (int(tree.start_ns[step]) - geometry.first_ns) / geometry.span_ns
    lasted = int(tree.duration_ns[step])
    end = 1.0 if lasted < 0 else start + lasted / geometry.span_ns
    drawn = bar(start, end, geometry.track_cells)
    style = _bar_style(tree, state, tone)
    body = drawn.body if lasted >= 0 else "░" * max(1, len(drawn.body))
    segments = [Segment(" " * drawn.blank)]
    if drawn.head:
        segments.append(Segment(drawn.head, style + _REVERSE))
    if body:
        segments.append(Segment(body, style))
    return segments


def _bar_style(tree: "Tree", state: RowState, tone: Tone) -> Style:
    if state.here:
        return tone("accent")
    if state.failed:
        return tone("bar-alarm")
    return tone(f"bar-kind-{KINDS[tree.kind[state.step]]}")


def _shorten(name: str, cells: int) -> str:
    if cells <= 1:
        return "…"[:cells]
    return set_cell_size(name, cells - 1).rstrip() + "…"


def _time_range(tree: "Tree") -> tuple[int, int]:
    if not len(tree):
        return 0, 1
    ends = tree.start_ns + np.maximum(tree.duration_ns, 0)
    return int(tree.start_ns.min()), int(ends.max())


def _widest_label(tree: "Tree") -> int:
    if not len(tree):
        return 16
    lengths = np.array([cell_len(name) for name in tree.names], np.int64)
    noted = np.array([len(source) + bool(source) for source in _SOURCES], np.int64)[tree.source]
    return int((2 * tree.depth.astype(np.int64) + lengths[tree.name] + noted).max()) + 2 + _TAG_CELLS
