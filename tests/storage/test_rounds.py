"""The rounds of ingest: as many as it takes, and none in vain."""

import threading
from dataclasses import dataclass

import pytest

from treadle_storage.rounds import Ingester


@dataclass
class Progress:
    backlog_bytes: int


class ScriptedIndex:
    """Leaves the scripted backlogs, round after round; the last one for ever."""

    def __init__(self, *backlogs: int | OSError) -> None:
        self.backlogs = list(backlogs)
        self.rounds = 0

    def ingest(self) -> Progress:
        """Leave the next backlog, or fail as scripted."""
        self.rounds += 1
        left = self.backlogs.pop(0) if len(self.backlogs) > 1 else self.backlogs[0]
        if isinstance(left, OSError):
            raise left
        return Progress(left)


def caught_up(index: ScriptedIndex) -> Ingester:
    """Let an ingester catch up once, and end it."""
    ingester = Ingester(index, is_watched=lambda: False, on_end=lambda: None)
    ingester.start()
    ingester.catch_up(patience_s=30, is_given_up=lambda: False)
    ingester.stop()
    return ingester


def test_catching_up_reads_a_whole_backlog() -> None:
    """Rounds follow at once while there is more, also while others write faster than we read."""
    index = ScriptedIndex(9 << 20, 10 << 20, 6 << 20, 2 << 20, 0)
    assert caught_up(index).standing.backlog_bytes == 0
    assert index.rounds >= 5


def test_a_backlog_that_grows_for_a_round_is_still_read_to_its_end() -> None:
    """A round that leaves more than the one before it, because somebody wrote meanwhile, does not end the wait."""
    index = ScriptedIndex(700, 900, 900, 0)
    assert caught_up(index).standing.backlog_bytes == 0
    assert index.rounds >= 4


def test_a_failing_round_is_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk does not end the owner: its status says why nothing is indexed."""
    ingester = caught_up(ScriptedIndex(OSError(28, "No space left on device")))
    assert "No space left" in str(ingester.standing.failure)
    assert len(caplog.records) == 1


def test_a_client_that_has_gone_is_not_waited_for() -> None:
    """The wait ends when nobody wants its outcome any more."""
    index = ScriptedIndex(100 << 20)
    ingester = Ingester(index, is_watched=lambda: False, on_end=lambda: None)
    ingester.start()
    ingester.catch_up(patience_s=3600, is_given_up=lambda: index.rounds > 3)
    ingester.stop()


def test_a_fault_ends_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest that dies of a fault of ours takes the owner with it, so that another begins anew."""
    faults: list[object] = []
    monkeypatch.setattr(threading, "excepthook", faults.append)
    ended = threading.Event()

    class FaultyIndex:
        def ingest(self) -> None:
            raise KeyError("a fault")

    ingester = Ingester(FaultyIndex(), is_watched=lambda: False, on_end=ended.set)
    ingester.start()
    assert ended.wait(10)
    ingester.stop()
    assert len(faults) == 1
