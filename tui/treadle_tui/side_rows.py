"""The rows of the lists beside the tree: stack, watches, breakpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.model import KINDS, STATUSES
from treadle_tui import figures
from treadle_tui.widgets import marks
from treadle_tui.widgets.side_list import SideRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from treadle_debugger.breakpoints import Breakpoint
    from treadle_debugger.session import Session
    from treadle_debugger.watches import Reading
    from treadle_storage.tree import Tree


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """Where breakpoints stop: all together, and each with its hits up to the position and in all."""

    mask: "NDArray[np.bool_]"
    points: "tuple[tuple[Breakpoint, int, str | None], ...]"


def known_stops(session: "Session") -> Stops:
    """Ask for all hits; conditions on payloads take their time."""
    points = session.breakpoints
    counted = tuple((point, int(points.hits(point).sum()), points.errors.get(point.breakpoint_id)) for point in points)
    return Stops(points.stops(), counted)


def stack_rows(tree: "Tree", stack: Sequence[int]) -> list[SideRow]:
    """Return the callers from the root down to the position."""
    rows = []
    for row in stack:
        here = row == stack[-1]
        kind, status = KINDS[tree.kind[row]], STATUSES[tree.status[row]]
        number, unit = figures.duration(int(tree.duration_ns[row]))
        left = [
            (f"{marks.POSITION} " if here else "  ", "accent"),
            (f"{marks.KIND_TAGS[kind]} ", f"kind-{kind}"),
            (tree.names[tree.name[row]], "strong" if here else "normal"),
            (f" {marks.STATUS_GLYPHS[status]}" if status != "ok" else "", marks.STATUS_TONES[status]),
        ]
        rows.append(SideRow(left, [(number, "dim"), (unit.ljust(2), "faint")], here=here))
    return rows


def watch_rows(readings: "Sequence[Reading]") -> list[SideRow]:
    """Return each expression with its value here, and the value before where it changed."""
    rows = []
    for reading in readings:
        left = [("  ", "dim"), (reading.watch.expression, "normal"), ("  ", "dim")]
        if reading.error:
            rows.append(SideRow([*left, (f"✗ {reading.error}", "alarm")]))
            continue
        value = [(_shown(reading.value), "strong" if reading.changed else "dim")]
        before = [(f"{_shown(reading.before)} → ", "faint")] if reading.changed else []
        rows.append(SideRow(left, [*before, *value]))
    return rows


def breakpoint_rows(stops: Stops) -> list[SideRow]:
    """Return each breakpoint with how often it hits."""
    rows = []
    for number, (point, hits, error) in enumerate(stops.points, 1):
        glyph = marks.BREAKPOINT if point.enabled else "○"
        left = [
            (f" {glyph} ", "alarm" if point.enabled else "faint"),
            (f"{number} ", "faint"),
            (point.text, "normal" if point.enabled else "dim"),
        ]
        if error:
            left.append((f"  ✗ {error}", "alarm"))
        words = "off" if not point.enabled else "hit" if hits == 1 else "hits"
        rows.append(SideRow(left, [(figures.count(hits), "normal"), (f" {words}", "dim")]))
    return rows


def _shown(value: str | None) -> str:
    return "null" if value is None else " ".join(value.split())[:80]
