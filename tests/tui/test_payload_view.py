"""The payload view: lines, wrapping, wide characters, search, selection, pages with a gutter."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.geometry import Offset
from textual.selection import Selection

from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.payload_view import PayloadView
from treadle_tui.widgets.text_layout import TextLayout
from treadle_tui.widgets.text_lines import TextLines
from tui.screen_text import Stage, assert_screen, screen_text

ALPHABET = st.sampled_from(list("ab cé漢字😀\n  "))


@pytest.mark.parametrize("limit", [0, 10**9])
@given(text=st.text(ALPHABET, max_size=120), width=st.integers(2, 30))
def test_rows_hold_the_whole_text(text: str, width: int, limit: int) -> None:
    """Every character stands in exactly one row, and no row is wider than the screen, wrapped either way."""
    from treadle_tui.widgets import text_layout

    before, text_layout.WORD_WRAP_LIMIT = text_layout.WORD_WRAP_LIMIT, limit
    try:
        lines = TextLines.of(text)
        layout = TextLayout.of(lines, width)
    finally:
        text_layout.WORD_WRAP_LIMIT = before
    rows = [layout.locate(number) for number in range(layout.row_count)]
    for line in range(len(lines)):
        parts = [(row.start, row.end) for row in rows if row.line == line]
        assert "".join(lines.line(line)[start:end] for start, end in parts) == lines.line(line)
    for row in rows:
        shown = lines.line(row.line)[row.start : row.end].rstrip(" ")
        assert row.hang + cell_len(shown) <= max(width, 2)
    for offset in range(len(lines.text)):
        if lines.text[offset] != "\n":
            row = layout.locate(layout.row_of(offset))
            column = offset - int(lines.starts[row.line])
            assert row.start <= column < row.end


def test_control_characters_are_shown_and_not_sent() -> None:
    """An escape sequence in a payload cannot reach the terminal."""
    lines = TextLines.of("a\x1b[31mred\x00\tb\r\nc\x7f")
    assert lines.text == "a␛[31mred␀    b\nc␡"


async def test_json_as_text() -> None:
    """JSON wraps at words, under its own indent."""
    view = PayloadView()
    document = {"model": "small", "messages": [{"role": "user", "content": "Wie heißt die Hauptstadt? 漢字 " * 4}]}
    async with Stage(view).run_test(size=(50, 14)) as pilot:
        view.load(TextLines.of(json.dumps(document, indent=2, ensure_ascii=False)), language="json")
        await pilot.pause()
        assert_screen(pilot.app, "payload_json")


async def test_search_goes_to_the_next_and_counts() -> None:
    """A search finds every place whatever its case, and the n-th comes into sight."""
    view = PayloadView()
    async with Stage(view).run_test(size=(40, 6)) as pilot:
        view.load(TextLines.of("\n".join(f"Line {number}" for number in range(10_000))))
        assert view.search("LINE 99") == 111
        assert view.hit == 0
        view.go_to_hit(110)
        await pilot.pause()
        assert "Line 9999" in screen_text(pilot.app)


async def test_a_selection_is_of_the_text() -> None:
    """What is selected over a wrap is copied without it."""
    view = PayloadView()
    async with Stage(view).run_test(size=(12, 6)) as pilot:
        view.load(TextLines.of("one two three four\nfive"))
        await pilot.pause()
        selected = view.get_selection(Selection(Offset(4, 0), Offset(2, 1)))
        assert selected == ("two three four\nfi", "\n")


async def test_a_line_of_ten_megabytes() -> None:
    """A single line of any length is laid out, scrolled and painted like any other text."""
    view = PayloadView()
    async with Stage(view).run_test(size=(40, 6)) as pilot:
        view.load(TextLines.of("0123456789" * 1_000_000), language="json")
        view.scroll_to(y=200_000, animate=False)
        await pilot.pause()
        assert "0123456789" in screen_text(pilot.app)


async def test_page_as_text() -> None:
    """Blocks stand beside their labels; what is indented stays indented when it wraps."""
    view = PayloadView()
    laid_out = page(
        [
            Block("You are helpful.", "system"),
            Block("What is the weather in Paris, and should I take an umbrella today?", "user"),
            Block('get_weather(city="Paris")', "assistant"),
            Block('{\n  "rain": true\n}', "tool", indent=2, language="json"),
        ]
    )
    async with Stage(view).run_test(size=(44, 14)) as pilot:
        view.load(laid_out.lines, margins=laid_out.margins)
        await pilot.pause()
        assert_screen(pilot.app, "payload_page")
