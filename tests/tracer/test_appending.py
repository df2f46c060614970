"""Appending with the interpreter's lock held: what a journal writes with."""

import os
from pathlib import Path

import pytest

from treadle import appending
from treadle.appending import appender


def test_whole_lines_are_appended(tmp_path: Path) -> None:
    """Whatever bytes they hold; it says how many it took."""
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    append = appender()
    assert [append(descriptor, line) for line in (b"one\n", b"\0two\xff\n", b"")] == [4, 6, 0]
    os.close(descriptor)
    assert (tmp_path / "file").read_bytes() == b"one\n\0two\xff\n"


def test_what_fails_raises_pythons_own_error() -> None:
    """As `os.write` would."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        appender()(10**6, b"line")


def test_a_disk_that_stalled_is_not_waited_for_with_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three slow writes in a row the others let other threads run."""
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write, let_go = os.write, []
    monkeypatch.setattr(os, "write", lambda *given: let_go.append(given) or write(*given))
    append = appender()
    monkeypatch.setattr(appending, "count_other_threads", lambda: 1)
    slow_and_quick = [(b"a", -1), (b"b", -1), (b"c", 10**12), (b"d", -1), (b"e", -1), (b"f", -1)]
    for data, limit_ns in slow_and_quick:
        monkeypatch.setattr(appending, "SLOW_NS", limit_ns)
        append(descriptor, data)
        assert let_go == []
    append(descriptor, b"g")
    assert let_go == [(descriptor, b"g")]
    os.close(descriptor)
    assert (tmp_path / "file").read_bytes() == b"abcdefg"


def test_one_thread_alone_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writes are Python's own."""
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write, let_go = os.write, []
    monkeypatch.setattr(os, "write", lambda *given: let_go.append(given) or write(*given))
    monkeypatch.setattr(appending, "count_other_threads", lambda: 0)
    appender()(descriptor, b"a")
    assert let_go == [(descriptor, b"a")]
    os.close(descriptor)
