"""The lazy table: pages as they come near, a cursor that stays on its row."""

import pytest
from textual.app import App
from textual.pilot import Pilot

from treadle_tui.widgets.lazy_table import PAGE_ROWS, Column, LazyTable, TableRow
from tui.screen_text import Stage, assert_screen, screen_text

COLUMNS = (
    Column("name", 8, share=1),
    Column("steps", 7, align="right"),
    Column("cost", 8, align="right", from_width=50),
)


def numbered(number: int) -> TableRow:
    """Return the row of that number."""
    return TableRow(str(number), ((f"trace {number}", "normal"), (f"{number:,}", "dim"), (f"${number}.00", "dim")))


class Pages:
    """Rows 0 to `count`, and what was asked for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[str | None] = []

    def __call__(self, after: TableRow | None, limit: int) -> list[TableRow]:
        """Return a page."""
        self.asked.append(after and after.key)
        first = int(after.key) + 1 if after else 0
        return [numbered(number) for number in range(first, min(first + limit, self.count))]


async def settle(pilot: Pilot[None]) -> None:
    """Wait until pages that were asked for have come."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def without_scrollbar(app: App[None]) -> list[str]:
    """Return the screen but for its last column."""
    return [line[:58].rstrip() for line in screen_text(app).splitlines()]


async def test_only_pages_in_sight_are_fetched() -> None:
    """A table over a million rows asks for the first pages, and for more when the cursor comes near their end."""
    table, pages = LazyTable(COLUMNS), Pages(1_000_000)
    async with Stage(table).run_test(size=(60, 12)) as pilot:
        table.start(pages)
        await settle(pilot)
        assert pages.asked == [None]
        table.move_cursor(150)
        await settle(pilot)
        assert pages.asked == [None, str(PAGE_ROWS - 1)]
        assert table.cursor_row is not None
        assert table.cursor_row.key == "150"
        assert not table.complete


@pytest.mark.parametrize("width", [60, 40])
async def test_table_as_text(width: int) -> None:
    """The header stays, numbers stand right, columns that do not fit are left out."""
    table = LazyTable(COLUMNS)
    async with Stage(table).run_test(size=(width, 8)) as pilot:
        table.start(Pages(30))
        await settle(pilot)
        table.move_cursor(12)
        await pilot.pause()
        assert_screen(pilot.app, f"lazy_table_{width}")


async def test_new_rows_leave_the_cursor_on_its_row() -> None:
    """Rows put on top push the rest down; the cursor's row stays where it was on the screen."""
    table = LazyTable(COLUMNS)
    async with Stage(table).run_test(size=(60, 8)) as pilot:
        table.start(Pages(30))
        await settle(pilot)
        table.move_cursor(12)
        await pilot.pause()
        before = without_scrollbar(pilot.app)
        assert table.put_on_top([numbered(-2), numbered(-1), numbered(0)]) == 2
        await pilot.pause()
        assert table.cursor_row == numbered(12)
        assert without_scrollbar(pilot.app) == before


async def test_new_rows_show_at_the_top() -> None:
    """Where the cursor stands on the newest row, it follows the newest."""
    table = LazyTable(COLUMNS)
    async with Stage(table).run_test(size=(60, 8)) as pilot:
        table.start(Pages(3))
        await settle(pilot)
        table.put_on_top([numbered(-1)])
        await pilot.pause()
        assert table.cursor_row == numbered(-1)
        assert "▶ trace -1" in screen_text(pilot.app)
