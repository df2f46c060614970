"""Imported spans are of other processes than the journal that they came in: rebuild and prune know them."""

from __future__ import annotations

from pathlib import Path

import pytest

import treadle_storage
from storage.filled import shown
from storage.journals import trace_id
from storage.otlp_made import imported, lines_file, made_span, message
from treadle_storage.journals import list_journals
from treadle_storage.rebuilding import rebuild
from treadle_storage.retention import prune

EVENT = {"timeUnixNano": "1700000000000000000", "name": "said"}
LINK = {"traceId": trace_id(7), "spanId": "00000000000000aa"}


@pytest.fixture
def filled(place: Path, tmp_path: Path) -> Path:
    """Return a store with two traces, of two spans each, that one import brought."""
    file = lines_file(
        tmp_path / "a.jsonl",
        message(made_span(1, events=[EVENT], links=[LINK]), made_span(2, parent=1)),
        message(made_span(3, trace=trace_id(2)), made_span(4, trace=trace_id(2), parent=3), service="desk"),
    )
    with treadle_storage.open(place) as store:
        assert imported(store, file).spans == 4
        assert store.status().spans == 4
    return place


def test_a_rebuild_takes_over_what_an_expired_import_brought(filled: Path) -> None:
    """All that the views show, also when it is done twice."""
    with treadle_storage.open(filled) as store:
        before = shown(store)
    for journal in list_journals(filled):
        journal.path.unlink()
    first, second = rebuild(filled), rebuild(filled)
    assert first.before == first.after == second.after
    with treadle_storage.open(filled) as store:
        after = shown(store)
    assert {view: rows for view, rows in after.items() if view != "processes"} == {
        view: rows for view, rows in before.items() if view != "processes"
    }
    assert set(before["processes"]) == set(after["processes"])


def test_what_was_imported_and_pruned_stays_gone(filled: Path) -> None:
    """The journal of the import goes, and what else it brought stays, also in an index made anew."""
    pruned = prune(filled, [trace_id(1)])
    assert pruned.journals == 1
    assert not list_journals(filled)
    with treadle_storage.open(filled) as store:
        after = shown(store)
        assert len(after["spans"]) == 2
    rebuild(filled)
    with treadle_storage.open(filled) as store:
        assert shown(store) == after
