"""Which threads of a replayed trace are known to be waiting."""

import threading

import pytest

from treadle import crew
from waiting import wait_until


def test_a_thread_that_was_woken_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the one who woke it still holds the condition: the next answer would come before it has gone on."""
    monkeypatch.setattr(crew, "_changed", None)
    crew.watch(lambda: None)
    condition, asking = threading.Condition(), threading.get_ident()

    def work() -> None:
        crew.enter()
        with condition:
            condition.wait()
        crew.leave()
        crew.thread_done()

    crew.expect_thread()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    wait_until(lambda: crew.all_wait({asking}), what="the thread waits")
    with condition:
        (waiter,) = condition._waiters  # type: ignore[attr-defined]
        condition.notify()
        wait_until(waiter.locked, what="the thread was woken, and has taken its waiter again")
        assert not crew.all_wait({asking})
    thread.join()
    assert crew.is_alone()
