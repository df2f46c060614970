"""A journal that is closed, or left behind by a change of settings, harms neither the program nor other files."""

import os
from pathlib import Path

import pytest

import recorded
import treadle
from treadle.journal import Journal


def test_a_closed_journal_never_writes_into_the_file_that_has_its_number_now(store: Path, tmp_path: Path) -> None:
    """The system gives the numbers of closed files to others."""
    journal = Journal(store)
    journal.close()
    taken = [os.open(tmp_path / "users.txt", os.O_WRONLY | os.O_CREAT) for _ in range(3)]
    with pytest.raises(OSError, match="descriptor"):
        journal.record("event", name="late")
    journal.close()
    for descriptor in taken:
        os.close(descriptor)
    assert (tmp_path / "users.txt").read_bytes() == b""


def test_a_call_that_is_open_while_settings_change_ends_where_it_began(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What begins afterwards is recorded as the settings say by then."""

    @treadle.trace
    def inner() -> None:
        """Do nothing."""

    @treadle.trace
    def outer() -> None:
        treadle.configure(store=tmp_path / "other")
        inner()

    outer()
    assert recorded.only(store).status == "ok"
    assert recorded.only(tmp_path / "other").name == "inner"
    assert capsys.readouterr().err == ""
