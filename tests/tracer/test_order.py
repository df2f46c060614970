"""The order in which a replay's answers are released."""

import asyncio

import pytest

from treadle import crew
from treadle.replay.order import Moment, Order


async def test_a_cancelled_wait_that_waits_again_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits again in the very turn in which it was cancelled is not forgotten."""
    monkeypatch.setattr(crew, "_changed", None)
    order = Order()

    async def ask() -> str:
        try:
            await order.wait_later(Moment(1, None))
        except asyncio.CancelledError:
            await order.wait_later(Moment(2, None))
        return "again"

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    asking.cancel()
    assert await asyncio.wait_for(asking, 2) == "again"
