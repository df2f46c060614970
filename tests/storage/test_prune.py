"""`prune`: what goes is gone for good, what stays is what it was, and the space comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from storage.filled import shown, write_person, write_program, write_trace
from storage.journals import START_NS, JournalWriter, trace_id
from treadle.blobs import FOLDER, Blobs
from treadle.errors import QueryError, UsageError
from treadle_storage import Store, retention
from treadle_storage.durations import bytes_in, seconds_in
from treadle_storage.rebuilding import rebuild
from treadle_storage.retention import Rule, choose, prune
from treadle_storage.sizes import sizes_of

LONG = "a long text, " * 10_000


@pytest.fixture
def filled(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a store with the traces 10 to 13, 20 to 23 and 30 to 33 of three programs, 11 bookmarked and scored."""
    monkeypatch.setattr(retention, "YOUNG_S", 0)
    for number in (1, 2, 3):
        texts = LONG if number == 2 else ""
        write_program(place, number, traces=range(10 * number, 10 * number + 4), long_text=texts)
    write_person(place, 9, trace=11, bookmark=True)
    write_person(place, 10, trace=20)
    with treadle_storage.open(place) as store:
        yield store


def older_than(program: int) -> Rule:
    """Return the rule that takes what began before a program."""
    return Rule(older_than_s=1e4 * (100 - program))


NOW_NS = START_NS + 100 * 10**13


def chosen(store: Store, rule: Rule) -> list[str]:
    """Return which traces a rule takes."""
    return list(choose(store, rule, now_ns=NOW_NS).traces)


def test_old_traces_go_but_for_those_that_are_kept(filled: Store) -> None:
    """A bookmark, a condition, and a step that still runs keep a trace, and it is said how many they are."""
    with JournalWriter(filled.path, process="00000000000000ee", start_ns=START_NS) as writer:
        write_trace(writer, 5)
        assert chosen(filled, older_than(2)) == [trace_id(10), trace_id(12), trace_id(13)]
        assert choose(filled, older_than(2), now_ns=NOW_NS).kept == 2
    keep = f"trace_id = '{trace_id(12)}'"
    rule = Rule(older_than_s=1e4 * 98, keep=keep)
    assert trace_id(12) not in chosen(filled, rule)
    assert chosen(filled, Rule(older_than_s=0, keep="answer")) == []
    with pytest.raises(QueryError):
        chosen(filled, Rule(older_than_s=0, keep="no such ("))


def test_the_oldest_go_until_the_store_is_small_enough(filled: Store) -> None:
    """Going by what the payloads of each weigh; all that may go where it can never be so small."""
    assert filled.status().spans == 36
    end_owner(filled.path)
    whole_bytes = sizes_of(filled.path).all_bytes
    assert chosen(filled, Rule(max_bytes=2 * whole_bytes)) == []
    oldest = [trace_id(10), trace_id(12), trace_id(13), trace_id(20)]
    some = chosen(filled, Rule(max_bytes=whole_bytes * 9 // 10))
    assert 0 < len(some) < 11
    assert some == oldest[: len(some)] or some[:4] == oldest
    assert len(chosen(filled, Rule(max_bytes=0))) == 11


def test_what_is_left_is_what_it_was(filled: Store) -> None:
    """Every row of the other traces, in every view; of those that went nothing but what people said of them."""
    before = shown(filled)
    gone = [trace_id(number) for number in (20, 21, 22, 23)]
    pruned = prune(filled.path, gone)
    assert (pruned.traces, pruned.journals, pruned.blobs) == (4, 1, 1)
    after = shown(filled)
    expected = {
        view: [row for row in rows if not any(trace in row for trace in gone) or (view == "scores" and "ann" in row)]
        for view, rows in before.items()
    }
    expected["processes"] = [row for row in before["processes"] if f"{2:016x}" not in row]
    assert after == expected


def test_it_stays_gone(filled: Store) -> None:
    """The index made anew does not bring it back, nor does one that is made from the journals alone."""
    prune(filled.path, [trace_id(number) for number in (10, 21)])
    after = shown(filled)
    rebuilt = rebuild(filled.path)
    assert (rebuilt.read_again, rebuilt.taken_over) == (3, 2)
    assert shown(filled) == after
    held = b"".join(path.read_bytes() for path in filled.path.rglob("*") if path.is_file())
    assert trace_id(10).encode() not in held


def test_traces_of_a_program_that_still_runs_stay_gone_too(filled: Store) -> None:
    """Its journal is left to it; what it records of the trace later is there."""
    with JournalWriter(filled.path, process="00000000000000ee") as writer:
        writer.start("00000000000000e1", "over", trace=trace_id(5))
        writer.end("00000000000000e1", trace=trace_id(5), result="said")
        writer.record("score", trace=trace_id(5), name="short", value=1.0)
        assert filled.trace(trace_id(5)).span_count == 1
        prune(filled.path, [trace_id(5)])
        assert writer.path.exists()
        after = shown(filled)
        assert not any(trace_id(5) in row for rows in after.values() for row in rows)
        rebuild(filled.path)
        assert shown(filled) == after


def test_space_comes_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On disk, as it is told: index, journals and blobs."""
    monkeypatch.setattr(retention, "YOUNG_S", 0)
    for number in (1, 2):
        write_program(place, number, traces=range(1000 * number, 1000 * number + 500), long_text=LONG)
    with treadle_storage.open(place) as store:
        assert store.status().spans == 3000
        end_owner(place)
        before = sizes_of(place)
        pruned = prune(place, choose(store, older_than(2), now_ns=NOW_NS).traces)
        after = sizes_of(place)
    assert (pruned.before_bytes, pruned.after_bytes) == (before.all_bytes, after.all_bytes)
    assert after.index_bytes < 0.8 * before.index_bytes
    assert after.journal_bytes < 0.6 * before.journal_bytes
    assert after.blob_bytes == before.blob_bytes > 0
    assert pruned.blobs == 0


def test_a_blob_that_may_be_named_in_a_moment_stays(place: Path) -> None:
    """It is on disk before its record; one that is named again is as young as a new one."""
    write_program(place, 2, traces=range(20, 21), long_text=LONG)
    with treadle_storage.open(place) as store:
        assert store.status().spans == 3
        assert prune(place, [trace_id(20)]).blobs == 0
    (blob,) = (place / FOLDER).glob("*/*")
    before_ns = blob.stat().st_mtime_ns
    Blobs(place).keep(LONG.encode())
    assert blob.stat().st_mtime_ns > before_ns


def test_lengths_and_sizes_are_read_as_people_type_them() -> None:
    """What is none is said."""
    assert [seconds_in(text) for text in ("90s", "30d", "1.5h", "2 w")] == [90, 2_592_000, 5400, 1_209_600]
    assert seconds_in("forever") == float("inf")
    assert [bytes_in(text) for text in ("512", "5GB", "1.5 MB", "1KiB")] == [512, 5 * 10**9, 1_500_000, 1024]
    for text in ("30", "soon", "-1d", "3 years", ""):
        with pytest.raises(UsageError, match="is not a length of time"):
            seconds_in(text)
