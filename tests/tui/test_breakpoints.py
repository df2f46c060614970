"""Breakpoints, tracepoints and kept marks, on traces in memory."""

import pytest

from treadle.errors import QueryError
from treadle.model import Mark
from treadle_debugger.session import Session
from tui.sessions import kept_marks, standing_on
from tui.trees import CHAIN, SmallStore, tree_of


@pytest.fixture
def session(tmp_path):
    """Open a session on the example chain."""
    return Session(SmallStore(tmp_path, CHAIN), "7f3a")


def test_continue_goes_from_hit_to_hit(session):
    """`c` says which hit of which breakpoint it stopped at; at the end it stays."""
    session.breakpoints.add("kind='llm'")
    moved = session.continue_()
    assert (moved.position, moved.stopped_by) == (4, "kind='llm' (1 of 2)")
    moved = session.continue_()
    assert (moved.position, moved.stopped_by) == (6, "kind='llm' (2 of 2)")
    moved = session.continue_()
    assert (moved.position, moved.stopped_by, moved.end) == (6, None, "end of trace")
    assert session.reverse_continue().position == 4
    moved = session.reverse_continue()
    assert (moved.position, moved.end) == (4, "start of trace")


def test_a_bare_word_is_a_glob_on_the_name(session):
    """`gen*` needs no quotes and no column."""
    session.breakpoints.add("gen*")
    assert [session.continue_(), session.continue_()][1].position == 6


def test_two_breakpoints_on_one_step_are_both_named(session):
    """The stop names every breakpoint that hits there."""
    session.breakpoints.add("kind='llm'")
    session.breakpoints.add("generate")
    assert session.continue_().stopped_by == "kind='llm' (1 of 2), generate (1 of 2)"


def test_a_bad_condition_adds_nothing(session):
    """It is one line that says what is wrong; no breakpoint, no mark."""
    with pytest.raises(QueryError, match="cannot read"):
        session.breakpoints.add("name='x') or (1=1")
    with pytest.raises(QueryError, match="needs a condition"):
        session.breakpoints.add("  ")
    assert len(session.breakpoints) == 0
    assert not (session.store.path / "journal").exists()


def test_the_same_again_is_said_to_be_there(session):
    """A breakpoint that does what another does is refused; one that waits, or says something, is another."""
    point = session.breakpoints.add("kind='llm'")
    with pytest.raises(QueryError, match="breakpoint 1 stands on kind='llm' already"):
        session.breakpoints.add(" kind='llm' ")
    session.breakpoints.add("kind='llm'", from_hit=2)
    session.breakpoints.add("kind='llm'", message="{name}")
    session.breakpoints.enable(point.breakpoint_id, enabled=False)
    with pytest.raises(QueryError, match="already, but it is off"):
        session.breakpoints.add("kind='llm'")
    assert len(session.breakpoints) == 3
    session.go_to(4)
    session.toggle_breakpoint_here()
    with pytest.raises(QueryError, match="breakpoint 4 stands on generate already"):
        session.breakpoints.add("generate")


def test_the_same_watch_again_is_said_to_be_there(session):
    """An expression is watched once."""
    session.add_watch("name")
    with pytest.raises(QueryError, match="name is watched already"):
        session.add_watch(" name")
    assert len(session.watches) == 1


def test_disabled_and_removed_ones_do_not_stop(session):
    """Switching one off keeps it in the list."""
    point = session.breakpoints.add("kind='llm'")
    session.breakpoints.enable(point.breakpoint_id, enabled=False)
    assert session.continue_().end == "end of trace"
    session.breakpoints.enable(point.breakpoint_id)
    assert session.continue_().position == 4
    session.breakpoints.remove(point.breakpoint_id)
    assert session.continue_().end == "end of trace"
    assert len(session.breakpoints) == 0


def test_here_toggles_a_breakpoint_on_the_exact_name(session):
    """`b` asks the store nothing, and a second `b` takes it away."""
    session.go_to(4)
    assert session.toggle_breakpoint_here()
    assert session.continue_().position == 6
    assert session.store.asked == []
    assert not session.toggle_breakpoint_here()
    assert session.reverse_continue().end == "start of trace"


def test_a_name_is_not_a_pattern(tmp_path):
    """A step called `a*` has a breakpoint of its own."""
    session = Session(SmallStore(tmp_path, tree_of("- a*", "0 ab", "0 a*")), "7f3a")
    session.toggle_breakpoint_here()
    assert session.continue_().position == 2


def test_a_breakpoint_can_wait_for_a_hit(session):
    """From the second hit on, whichever way one comes."""
    session.breakpoints.add("kind='llm'", from_hit=2)
    assert session.continue_().position == 6
    assert session.reverse_continue().end == "start of trace"
    with pytest.raises(QueryError):
        session.breakpoints.add("kind='llm'", from_hit=0)


def test_a_tracepoint_reports_and_does_not_stop(session):
    """What it says is told in the order of walking, in both directions."""
    session.breakpoints.add("kind='llm'", message="model step {name}, {nothing}")
    moved = session.step(7)
    assert [(line.row, line.text) for line in moved.logged] == [
        (4, "model step generate, null"),
        (6, "model step generate, null"),
    ]
    assert [line.row for line in session.reverse_step(7).logged] == [6, 4]
    assert session.continue_().end == "end of trace"


def test_a_tracepoint_with_a_broken_message_adds_nothing(session):
    """The expressions in braces are tried first."""
    with pytest.raises(QueryError, match=r"\{wrong\}: no column wrong"):
        session.breakpoints.add("kind='llm'", message="{wrong}")
    assert len(session.breakpoints) == 0


def test_what_people_left_is_kept_as_marks(session):
    """Each change is one appended record; a removal says so."""
    point = session.breakpoints.add("kind='llm'")
    session.breakpoints.enable(point.breakpoint_id, enabled=False)
    session.breakpoints.remove(point.breakpoint_id)
    first, second, third = kept_marks(session.store.path)
    assert first["value"]["condition"] == "kind='llm'"
    assert second["value"]["enabled"] is False
    assert third["deleted"] is True
    assert {record["id"] for record in (first, second, third)} == {point.breakpoint_id}


def test_marks_come_back_in_the_next_session(tmp_path):
    """Breakpoints and watches hold for every trace; another trace's do not come."""
    value = {"condition": "kind='llm'", "name": None, "enabled": True, "message": None, "from_hit": 2}
    kept = [
        Mark("b1", "breakpoint", None, value, 1),
        Mark("b2", "breakpoint", "0000", value, 2),
        Mark("w1", "watch", None, {"expression": "name"}, 3),
    ]
    session = Session(SmallStore(tmp_path, CHAIN, kept=kept), "7f3a")
    assert session.store.asked == []
    (point,) = session.breakpoints
    assert (point.breakpoint_id, point.from_hit) == ("b1", 2)
    assert [reading.value for reading in session.readings()] == ["rag"]
    assert session.continue_().position == 6


def test_marks_that_mean_the_same_come_back_as_one(tmp_path):
    """The oldest is shown; with it all are removed."""
    value = {"condition": "kind='llm'"}
    kept = [Mark(name, "breakpoint", None, value, at) for at, name in enumerate(("b1", "b2"))]
    kept += [Mark(name, "watch", None, {"expression": "name"}, 3) for name in ("w1", "w2", "w3")]
    session = Session(SmallStore(tmp_path, CHAIN, kept=kept), "7f3a")
    (point,), (watch,) = session.breakpoints, session.watches
    assert (point.breakpoint_id, watch.watch_id) == ("b1", "w1")
    session.breakpoints.remove("b1")
    session.watches.remove("w1")
    assert [record["id"] for record in kept_marks(tmp_path) if record["deleted"]] == ["b1", "b2", "w1", "w2", "w3"]


def test_a_kept_condition_that_broke_does_not_stop_the_session(tmp_path):
    """It stays in the list with its error and hits nothing."""
    kept = [Mark("b1", "breakpoint", None, {"condition": "no such"}, 1)]
    session = Session(SmallStore(tmp_path, CHAIN, kept=kept), "7f3a")
    assert session.continue_().end == "end of trace"
    assert "no such" in session.breakpoints.errors["b1"]


def test_a_store_that_cannot_be_written_still_has_breakpoints(tmp_path):
    """They hold until the session ends, and it says why they were not kept."""
    (tmp_path / "journal").write_text("in the way")
    session = Session(SmallStore(tmp_path, CHAIN), "7f3a")
    session.breakpoints.add("kind='llm'")
    assert standing_on(session) == "rag"
    assert session.continue_().position == 4
    assert "cannot write a journal" in session.breakpoints.trouble


def test_hits_are_known_anew_when_the_trace_has_grown(session):
    """A step that came later is hit too."""
    session.breakpoints.add("kind='llm'")
    grown = tree_of("- rag", "0 generate llm", "0 generate llm", "0 generate llm")
    session.store.the_tree = grown
    session.adopt(grown)
    assert session.continue_(3).stopped_by == "kind='llm' (3 of 3)"
