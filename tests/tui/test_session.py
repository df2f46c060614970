"""A session: position, the eight moves, jumps, history, search, on traces in memory."""

from dataclasses import replace

import numpy as np
import pytest

from treadle.errors import NotFoundError
from treadle_debugger.session import Session
from tui.sessions import kept_marks, name_of, standing_on
from tui.trees import CHAIN, TASKS, SmallStore, tree_of


@pytest.fixture
def session(tmp_path):
    """Open a session on the example chain."""
    return Session(SmallStore(tmp_path, CHAIN), "7f3a")


def walk(session, move):
    """Make a move until the end; return the names on the way and what was said at the end."""
    seen = []
    while not (moved := getattr(session, move)()).end:
        seen.append(standing_on(session))
    return seen, moved.end


def test_a_session_starts_at_the_first_step(session):
    """Position 0, or the span that was asked for."""
    assert standing_on(session) == "rag"
    there = Session(session.store, "7f3a", span_id=CHAIN.hex_id(4))
    assert standing_on(there) == "generate"


def test_an_unknown_span_or_an_empty_trace_is_said(session, tmp_path):
    """Neither makes a session."""
    with pytest.raises(NotFoundError):
        Session(session.store, "7f3a", span_id=CHAIN.hex_id(99))
    with pytest.raises(NotFoundError, match="has no steps"):
        Session(SmallStore(tmp_path, tree_of()), "7f3a")


@pytest.mark.parametrize(
    ("start", "move", "seen", "end"),
    [
        (0, "step", ["retrieve", "embed", "answer", "generate", "tokenise", "generate", "report"], "end of trace"),
        (0, "next", [], "end of trace"),
        (1, "next", ["answer", "report"], "end of trace"),
        (2, "next", ["answer", "report"], "end of trace"),
        (5, "finish", ["generate", "report"], "end of trace"),
        (2, "finish", ["answer"], "end of trace"),
        (
            7,
            "reverse_step",
            ["generate", "tokenise", "generate", "answer", "embed", "retrieve", "rag"],
            "start of trace",
        ),
        (7, "reverse_next", ["answer", "retrieve", "rag"], "start of trace"),
        (5, "reverse_finish", ["generate", "answer", "rag"], "start of trace"),
    ],
)
def test_moves_walk_the_call_tree(session, start, move, seen, end):
    """Each move visits what it should, says which end it met, and stays there."""
    session.go_to(start)
    if move == "finish":
        assert standing_on(session) in {"tokenise", "embed"}
    assert walk(session, move)[1] == end
    session.go_to(start)
    assert walk(session, move)[0] == seen
    stood = session.position
    assert getattr(session, move)().moves == 0
    assert session.position == stood


def test_moves_follow_the_order_that_is_chosen(tmp_path):
    """In clock order, step goes to what really started next; toggling keeps the position."""
    session = Session(SmallStore(tmp_path, TASKS), "7f3a", span_id=TASKS.hex_id(3))
    assert session.toggle_order() == "clock"
    assert standing_on(session) == "a"
    session.step()
    assert standing_on(session) == "b"
    session.toggle_order()
    assert session.place == 5


def test_a_count_repeats_a_move_and_is_one_jump(session):
    """`5j` moves five times, and `[` comes back at once."""
    moved = session.step(5)
    assert (moved.moves, moved.end, standing_on(session)) == (5, None, "tokenise")
    moved = session.step(9)
    assert (moved.moves, moved.end, standing_on(session)) == (2, "end of trace", "report")
    session.back()
    session.back()
    assert session.position == 0


def test_history_goes_back_and_forward(session):
    """`[` and `]` retrace every jump; a new jump forgets what lay ahead."""
    session.step(2)
    session.go_to(6)
    assert session.back().position == 2
    assert session.back().position == 0
    assert session.back().end == "start of the jump history"
    assert session.forward(2).position == 6
    assert session.forward().end == "end of the jump history"
    session.back()
    session.go_to(7)
    assert session.forward().end == "end of the jump history"


def test_errors_are_visited_in_order(session):
    """`e` and `E` go to failed and interrupted steps and say when there is none further."""
    assert walk(session, "next_error") == (["answer", "generate"], "no later error")
    assert session.position == 6
    assert walk(session, "previous_error") == (["answer"], "no earlier error")


def test_an_interrupted_step_counts_as_an_error(tmp_path):
    """A call that was killed is what one looks for."""
    tree = tree_of("- rag chain running", "0 generate llm interrupted")
    session = Session(SmallStore(tmp_path, tree), "7f3a")
    session.next_error()
    assert standing_on(session) == "generate"


def test_search_marks_the_steps_that_hold_a_text(session):
    """`/` counts the matches; then next and previous go through them without wrapping."""
    session.store.payloads = {2: "a refund", 6: "no refund", 7: "thanks"}
    assert session.find("refund") == 2
    assert session.position == 0
    assert session.next_match().position == 2
    assert session.next_match().position == 6
    assert session.next_match().end == "no later match"
    assert session.previous_match().position == 2
    assert session.previous_match().end == "no earlier match"


def test_the_stack_is_the_path_from_the_root(session):
    """Up and down walk it."""
    session.go_to(5)
    assert [name_of(session, row) for row in session.stack()] == [
        "rag", "answer", "generate", "tokenise",
    ]  # fmt: skip
    assert session.up(2).position == 3
    assert session.down().position == 4
    assert session.up(9).end == "outermost call"
    session.go_to(7)
    assert session.down().end == "innermost call"


def test_places_beyond_the_ends_are_the_ends(session):
    """`12G` counts in the order that is shown."""
    assert session.go_to_place(3).position == 3
    assert session.go_to_place(500).position == 7
    assert session.go_to_place(-1).position == 0


def test_a_growing_trace_keeps_the_position_on_its_span(session):
    """Steps that came since are walked too, and the search covers them."""
    session.go_to(6)
    session.store.payloads = {8: "refund"}
    session.find("refund")
    grown = tree_of(
        "- rag", "0 retrieve", "1 embed", "0 answer", "3 generate", "4 tokenise", "3 generate", "0 report", "7 late llm"
    )
    session.store.the_tree = grown
    session.adopt(grown)
    assert standing_on(session) == "generate"
    assert session.step(2).position == 8
    assert session.found.tolist() == [False] * 8 + [True]


def test_watches_show_the_value_here_and_before(session):
    """After a move a watch has both values and says whether it changed."""
    session.add_watch("name")
    session.add_watch("nothing")
    assert [(r.value, r.before, r.changed) for r in session.readings()] == [("rag", "rag", False), (None, None, False)]
    session.step()
    assert [(r.value, r.before, r.changed) for r in session.readings()] == [
        ("retrieve", "rag", True),
        (None, None, False),
    ]


def test_a_position_is_read_once(session):
    """Moving one step asks the store about one step."""
    session.add_watch("name")
    session.readings()
    session.store.asked.clear()
    session.step()
    session.readings()
    session.readings()
    assert session.store.asked == [f"watch {CHAIN.hex_id(1)}"]


def test_display_is_a_watch_over_all_steps(session):
    """One value for each step."""
    assert session.display("name")[:3] == ["rag", "retrieve", "embed"]


def test_bookmarks_name_spans(session):
    """`m a` then `' a`; the store keeps them for this trace."""
    session.bookmarks.set("a", session.span_id)
    session.step()
    assert session.bookmarks.get("b") is None
    session.go_to_span(session.bookmarks.get("a"))
    assert session.position == 0
    (record,) = kept_marks(session.store.path)
    assert (record["mark"], record["trace"], record["value"]["letter"]) == ("bookmark", "7f3a", "a")


def test_a_hundred_thousand_steps_move_at_once(tmp_path):
    """A large trace has the same moves: a caller with 100,000 calls."""
    size = 100_000
    parent = np.zeros(size, dtype=np.int32)
    parent[0] = -1
    depth = (parent >= 0).astype(np.int16)
    ones = np.zeros(size, dtype=np.uint8)
    tree = replace(CHAIN, parent=parent, depth=depth, name=ones.astype(np.int32), status=ones + 1, kind=ones)
    session = Session(SmallStore(tmp_path, tree), "7f3a")
    assert session.step(99_999).position == size - 1
    assert session.reverse_finish().position == 0
