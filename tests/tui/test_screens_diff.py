"""A replay beside its recording: side by side where there is room, else under each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from treadle_storage import Store
from tui.replayed import failed, on_the_failure, recorded_chain, until


@pytest.fixture
def recorded(tmp_path: Path, store: Path) -> Iterator[Store]:
    """Return the store of a chain that failed on what its model said."""
    with recorded_chain(tmp_path, store) as opened:
        yield opened


async def answered(pilot: Pilot[None]) -> None:
    """Replay the chain with another answer of the model, and wait for the verdict."""
    await pilot.press("s", "s", "I")
    await until(pilot, "Answer of generate", '"it weighs 6"')
    await pilot.press("ctrl+home", *["delete"] * 13, *"42", "ctrl+s")
    await until(pilot, "For real")
    await pilot.press("y")
    await until(pilot, "fixed", "d diff")


async def test_side_by_side(recorded: Store) -> None:
    """At 160 columns what was stands left of what is, each on the same line."""
    async with on_the_failure(recorded, (160, 45)) as pilot:
        await answered(pilot)
        await pilot.press("d")
        screen = await until(pilot, "Diff · ", "differ")
        rows = [" ".join(line.split()) for line in screen.splitlines()]
        assert f"{failed(recorded)[:8]} · 3 differ, 1 the same │ {recorded.traces(limit=1)[0].trace_id[:8]}" in rows
        assert "≠ generate │ ≠ generate" in rows
        assert "- it weighs 6 │ + 42" in rows
        assert "= weigh │ = weigh" in rows
        assert any("- error" in row and "+ ok" in row for row in rows)
        await pilot.press("escape")
        await until(pilot, "fixed: it returned", without="Diff · ")


async def test_under_each_other(recorded: Store) -> None:
    """At 80 columns what is stands under what was; a resize goes from one to the other."""
    async with on_the_failure(recorded, (80, 24)) as pilot:
        await answered(pilot)
        await pilot.press("d")
        screen = await until(pilot, "Diff · ", "3 differ, 1 the same")
        rows = [" ".join(line.split()) for line in screen.splitlines()]
        at = rows.index("- it weighs 6")
        assert rows[at + 1] == "+ 42"
        await pilot.resize_terminal(160, 45)
        screen = await until(pilot, "3 differ", without="error → ok")
        rows = [" ".join(line.split()) for line in screen.splitlines()]
        assert "- it weighs 6 │ + 42" in rows


async def test_a_step_is_compared_with_that_step(recorded: Store) -> None:
    """The replay of one step alone is compared with that step, not with the whole chain; from its own trace too."""
    async with on_the_failure(recorded, (120, 40)) as pilot:
        await pilot.press("s", "s", "s", "i")
        await until(pilot, "Input of parse")
        await pilot.press("ctrl+home", "down", "end", *["backspace"] * 13, "quotation_mark", *"42", "quotation_mark")
        await until(pilot, " changed", without="not JSON")
        await pilot.press("ctrl+s")
        await until(pilot, "fixed", "returned 42")
        await pilot.press("d")
        screen = await until(pilot, "Diff · ", "1 differ")
        assert "only before" not in screen
        assert "input text" in screen
        await pilot.press("escape")
        await until(pilot, "fixed")
        await pilot.press("enter")
        await until(pilot, "replay of")
        await pilot.press("equals_sign")
        assert "only before" not in await until(pilot, "Diff · ", "1 differ")
