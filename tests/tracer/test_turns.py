"""Numbers of turns, in programs that have several event loops."""

import asyncio
import threading

import pytest

from treadle import turns


class _Loop(asyncio.SelectorEventLoop):
    """While it is asked whether it is closed, another thread begins to count."""

    is_asked = False

    def is_closed(self) -> bool:
        if not self.is_asked:
            self.is_asked = True
            other = threading.Thread(target=lambda: asyncio.run(_counted()))
            other.start()
            other.join()
        return super().is_closed()


async def _counted() -> int | None:
    return turns.of_running_loop()


def test_another_loop_may_begin_while_closed_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread counts in a loop of its own, and waits for no other."""
    loop = _Loop()
    monkeypatch.setattr(turns, "_open", {loop: None})
    try:
        assert asyncio.run(_counted()) is not None
    finally:
        loop.is_asked = True
        loop.close()
