"""Who joins a thread waits: a replay need not wait until it has given up on them."""

import threading
from collections.abc import Callable

import pytest

from treadle import crew
from waiting import wait_until


@pytest.mark.parametrize("timeout", [None, 600])
def test_who_joins_a_running_thread_is_blocked(timeout: float | None) -> None:
    """As long as that runs, with a time-out or without."""
    over = threading.Event()
    joined = threading.Thread(target=over.wait)
    joined.start()
    joining = threading.Thread(target=joined.join, args=(timeout,))
    joining.start()
    assert joining.ident is not None
    ident = joining.ident
    wait_until(lambda: crew.is_blocked(ident), timeout_s=30, what="a thread that joins another")
    over.set()
    joining.join()
    assert not crew.is_blocked(ident)


@pytest.mark.parametrize("look", [threading.Thread.is_alive, lambda thread: thread.join(0)], ids=["is_alive", "join"])
def test_who_only_looks_is_not_blocked(look: Callable[[threading.Thread], object]) -> None:
    """However often it asks whether another still runs."""
    over = threading.Event()
    watched = threading.Thread(target=over.wait)
    watched.start()

    def ask() -> None:
        while not over.is_set():
            look(watched)

    asking = threading.Thread(target=ask)
    asking.start()
    assert asking.ident is not None
    seen = [crew.is_blocked(asking.ident) for _ in range(2000)]
    over.set()
    asking.join()
    watched.join()
    assert not any(seen)
