"""A journal that is closed, or left behind by a change of settings, harms neither the program nor other files."""

import os
from pathlib import Path

import pytest

import recorded
import treadle
from programs import plainly
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


BECOMES_A_DAEMON = """
import os
import treadle
from treadle import recording

recording.LOOK_EVERY_NS = LOOK_EVERY_NS

@treadle.trace
def work(number):
    return number

work(0)
os.closerange(3, 4096)
with open("users.txt", "w") as file:
    file.write(str([work(number) for number in range(1, 4)]))
"""


def in_a_daemon(folder: Path, *, look_every_ns: int) -> str:
    """Run the program, and return what it printed of us."""
    (folder / "program.py").write_text(BECOMES_A_DAEMON.replace("= LOOK_EVERY_NS", f"= {look_every_ns}"))
    done = plainly("program.py", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert (folder / "users.txt").read_text() == "[1, 2, 3]"
    return done.stderr


def test_a_program_that_closes_all_files_gets_nothing_of_ours_into_its_own(store: Path, tmp_path: Path) -> None:
    """Until it is noticed the calls are lost, which is told."""
    told = in_a_daemon(tmp_path, look_every_ns=10**12)
    assert told == "treadle: this run is not recorded whole: [Errno 9] Bad file descriptor\n"
    assert [call.output for call in recorded.calls(store)] == [0]


def test_a_program_that_has_closed_all_files_is_recorded_on(store: Path, tmp_path: Path) -> None:
    """In a segment of its own, once it is looked whether the journal is still there."""
    assert in_a_daemon(tmp_path, look_every_ns=0) == ""
    assert [call.output for call in recorded.calls(store)] == [0, 1, 2, 3]
    assert len(recorded.journals(store)) == 2
