"""`rebuild`: the index made anew shows what the old one showed, whatever became of the journals meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from storage.filled import shown, write_person, write_program, write_trace
from storage.journals import JournalWriter
from treadle.errors import StoreHeldError
from treadle_storage import journal_keeping, rewriting
from treadle_storage.journals import list_journals
from treadle_storage.place import place_of
from treadle_storage.rebuilding import rebuild
from treadle_storage.schema import DATABASE
from waiting import wait_until


@pytest.fixture
def filled(place: Path) -> Path:
    """Return a store with three programs and what a person said, indexed."""
    for number in (1, 2, 3):
        write_program(place, number, traces=range(10 * number, 10 * number + 4), long_text="long " * 20_000)
    write_person(place, 9, trace=11, bookmark=True)
    with treadle_storage.open(place) as store:
        assert store.status().spans == 36
    return place


def expire(store: Path, process: int) -> None:
    """Remove the journal of a program."""
    for journal in list_journals(store):
        if journal.process == f"{process:016x}":
            journal.path.unlink()


def pack(store: Path, *, keep_s: float = 1e9) -> None:
    """Have every journal compressed, as if all had been over for a while."""
    for journal in list_journals(store):
        os.utime(journal.path, (0, 0))
    journal_keeping.tidy(store, {journal.name: True for journal in list_journals(store)}, keep_s=keep_s)


CASES: dict[str, Callable[[Path], None]] = {
    "all there": lambda store: None,
    "one expired": lambda store: expire(store, 2),
    "all expired": lambda store: [expire(store, number) for number in (1, 2, 3)] and None,
    "compressed": pack,
    "expired as they do": lambda store: pack(store, keep_s=0),
}


@pytest.mark.parametrize("become", CASES.values(), ids=CASES.keys())
def test_the_new_index_shows_what_the_old_one_did(filled: Path, become: Callable[[Path], None]) -> None:
    """Spans, hashes, events, scores of programs and of people, links: row for row, also when it is done twice."""
    with treadle_storage.open(filled) as store:
        before = shown(store)
    become(filled)
    first, second = rebuild(filled), rebuild(filled)
    assert first.before == first.after == second.before == second.after
    assert first.after["spans"] == 36
    assert first.rejected == 0
    with treadle_storage.open(filled) as store:
        assert shown(store) == before


def test_it_says_what_it_read_and_what_it_took_over(filled: Path) -> None:
    """Programs whose journals were there, and those that only the old index knew."""
    expire(filled, 2)
    rebuilt = rebuild(filled)
    assert (rebuilt.read_again, rebuilt.taken_over) == (3, 1)


def test_journals_expire_whole_and_people_s_never_do(filled: Path) -> None:
    """After their time nothing is left of a program's journal, and all of a person's."""
    pack(filled, keep_s=0)
    assert [journal.is_people for journal in list_journals(filled)] == [True]


def test_the_owner_tidies_them(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as `TREADLE_KEEP_JOURNALS` says; the index has what they held."""
    write_program(place, 1, traces=range(10, 14))
    write_person(place, 9, trace=11)
    monkeypatch.setenv(journal_keeping.VARIABLE, "0s")
    with treadle_storage.open(place) as store:
        assert store.status().spans == 12
        wait_until(lambda: len(list_journals(place)) == 1, what="the journal's end")
        assert store.status().spans == 12


def test_a_program_that_still_runs_goes_on_where_it_was(filled: Path) -> None:
    """What it records after the rebuild is indexed once, its open spans end, and its journal is left as it is."""
    with JournalWriter(filled, process="00000000000000ee") as writer:
        write_trace(writer, 50)
        with treadle_storage.open(filled) as store:
            assert store.status().open_spans == 1
        rebuild(filled)
        write_trace(writer, 51)
        journal_keeping.tidy(filled, {journal.name: True for journal in list_journals(filled)}, keep_s=0)
        assert writer.path.exists()
        with treadle_storage.open(filled) as store:
            assert (store.status().spans, store.status().open_spans) == (40, 2)
    with treadle_storage.open(filled) as store:
        wait_until(lambda: store.status().open_spans == 0)
        assert store.status().spans == 42


def test_clients_that_are_there_go_on(filled: Path) -> None:
    """A client that was open asks the next owner, and notices nothing."""
    with treadle_storage.open(filled) as store:
        before = shown(store)
        rebuild(filled)
        assert shown(store) == before


def test_a_foreign_holder_is_named(filled: Path) -> None:
    """Another program that has the database open is not waited for for ever, and nothing is changed."""
    end_owner(filled)
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(filled / DATABASE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as foreign:
        assert foreign.stdout is not None
        assert foreign.stdout.readline() == b"held\n"
        with pytest.raises(StoreHeldError, match=rf"PID {foreign.pid}\b"):
            rebuild(filled)
        foreign.communicate()
    assert rebuild(filled).after["spans"] == 36


def test_one_that_is_cut_off_leaves_the_old_index(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file takes the old one's name when it is whole; what is left of it goes with the next."""
    with treadle_storage.open(filled) as store:
        before = shown(store)
    end_owner(filled)

    def cut_off(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), rewriting.sole_owner(place_of(filled), to="try"):
        rewriting.rewrite(filled, cut_off)
    (filled / rewriting.NEWBORN).write_bytes(b"half of a file")
    with treadle_storage.open(filled) as store:
        assert shown(store) == before
    rebuild(filled)
    assert not (filled / rewriting.NEWBORN).exists()
