"""The span tree: rows, folds, position, gutter, growth."""

from dataclasses import replace

import numpy as np
import pytest

from treadle_tui.widgets.bars import LEFT_BLOCKS, bar
from treadle_tui.widgets.span_tree import SpanTree
from treadle_tui.widgets.tree_rows import first_failures, tree_outline, visible_steps
from tui.made_traces import large_tree, made_tree, rag_tree
from tui.screen_text import Stage, assert_screen, screen_text


def test_display_order_is_depth_first() -> None:
    """Concurrent branches, interleaved in clock order, stand under their own callers."""
    tree = made_tree(
        [
            (-1, "chain", "root", 0, 9, "ok"),
            (0, "chain", "a", 1, 3, "ok"),
            (0, "chain", "b", 2, 3, "ok"),
            (1, "llm", "a1", 3, 1, "ok"),
            (2, "llm", "b1", 4, 1, "ok"),
            (1, "llm", "a2", 5, 1, "ok"),
        ]
    )
    outline = tree_outline(tree)
    assert outline.order.tolist() == [0, 1, 3, 5, 2, 4]
    assert outline.size.tolist() == [6, 3, 2, 1, 1, 1]
    assert visible_steps(outline, {1}).tolist() == [0, 1, 2, 4]
    assert visible_steps(outline, {0, 1}).tolist() == [0]


def test_failures_are_where_they_began() -> None:
    """A caller that failed because its call did is not where the failure began."""
    assert np.flatnonzero(first_failures(rag_tree())).tolist() == [10]


@pytest.mark.parametrize("width", [1, 7, 40])
@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 0), (1, 1), (0.49, 0.51), (0.2, 0.9), (0.999, 1)])
def test_bars_stay_in_their_track(start: float, end: float, width: int) -> None:
    """No bar is empty, and none leaves its track."""
    drawn = bar(start, end, width)
    assert drawn.head + drawn.body
    assert drawn.blank + len(drawn.head) + len(drawn.body) <= width
    assert set(drawn.head + drawn.body) <= set(LEFT_BLOCKS)


@pytest.mark.parametrize("size", [(80, 14), (48, 14)])
async def test_tree_as_text(size: tuple[int, int]) -> None:
    """The tree reads well wide and narrow."""
    app = Stage(SpanTree())
    async with app.run_test(size=size) as pilot:
        tree = app.query_one(SpanTree)
        tree.load(rag_tree(), position=7)
        tree.set_stops(np.arange(12) == 5)
        await pilot.pause()
        assert_screen(app, f"span_tree_{size[0]}")


async def test_clicks_ask_and_do_not_move() -> None:
    """A click on a name asks for the step, one in the gutter for a breakpoint, one on a triangle folds."""
    asked: list[object] = []

    class Listening(Stage):
        def on_span_tree_chosen(self, message: SpanTree.Chosen) -> None:
            asked.append(("step", message.step))

        def on_span_tree_gutter_clicked(self, message: SpanTree.GutterClicked) -> None:
            asked.append(("gutter", message.step))

    app = Listening(SpanTree())
    async with app.run_test(size=(80, 14)) as pilot:
        tree = app.query_one(SpanTree)
        tree.load(rag_tree())
        await pilot.click(SpanTree, offset=(14, 4))
        await pilot.click(SpanTree, offset=(1, 5))
        await pilot.click(SpanTree, offset=(6, 6))
        await pilot.pause()
        assert asked == [("step", 4), ("gutter", 5)]
        assert tree.position == 0
        assert "answer +4" in screen_text(app)


async def test_position_opens_folds_and_scrolls() -> None:
    """Standing on a hidden step opens what hid it and brings it into sight."""
    app = Stage(SpanTree())
    async with app.run_test(size=(80, 10)) as pilot:
        tree = app.query_one(SpanTree)
        tree.load(large_tree(1_000))
        tree.toggle_fold(0)
        tree.move_to(999)
        await pilot.pause()
        marked = [line for line in screen_text(app).splitlines() if line.startswith("▶")]
        assert len(marked) == 1
        assert tree.step_at(0) == 999


async def test_the_position_is_marked_once() -> None:
    """The row that was left loses its mark, whether it calls the new position or is called by it."""
    app = Stage(SpanTree())
    async with app.run_test(size=(80, 16)) as pilot:
        tree = app.query_one(SpanTree)
        tree.load(rag_tree())
        for step in (10, 0, 7, 6, 0, 5, 9, 8, 4):
            tree.move_to(step)
            await pilot.pause()
            rows = screen_text(app).splitlines()
            assert [row for row, line in enumerate(rows) if line.startswith("▶")] == [step]


async def test_growth_keeps_position_and_folds() -> None:
    """A trace that gains steps keeps the position on its span, although its index moved."""
    whole = rag_tree()
    rows = [0, 1, 2, 3, 6, 7]
    remap = {step: place for place, step in enumerate(rows)}
    part = type(whole)(
        **{
            name: getattr(whole, name)[rows]
            for name in (
                "span_id", "depth", "start_ns", "duration_ns", "kind", "status", "source", "name",
                "input_tokens", "output_tokens",
            )
        },
        parent=np.array([remap.get(int(whole.parent[step]), -1) for step in rows], np.int32),
        names=whole.names,
    )  # fmt: skip
    app = Stage(SpanTree())
    async with app.run_test(size=(80, 16)) as pilot:
        tree = app.query_one(SpanTree)
        tree.load(part, position=remap[7])
        tree.toggle_fold(remap[2])
        tree.grow(whole)
        await pilot.pause()
        assert tree.position == 7
        assert "retrieve +1" in screen_text(app)


@pytest.mark.parametrize(("width", "served", "overridden"), [(120, "served", "overridden"), (44, "↻", "✎")])
async def test_answers_of_a_replay_are_marked(width: int, served: str, overridden: str) -> None:
    """What was served and what the user answered carry their word, or a sign where it would cut the name."""
    whole = rag_tree()
    source = np.zeros(len(whole), np.uint8)
    source[[7, 9]] = 1, 2
    app = Stage(SpanTree())
    async with app.run_test(size=(width, 16)) as pilot:
        app.query_one(SpanTree).load(replace(whole, source=source))
        await pilot.pause()
        rows = screen_text(app).splitlines()
        assert f" {served} " in rows[7]
        assert f" {overridden} " in rows[9]
