"""A session on a real store: conditions in SQL, watches, search, and marks that the next session finds."""

import pytest

import treadle_storage
from owners import end_owner
from storage.journals import write_long_trace
from treadle.errors import QueryError
from treadle_debugger.session import Session
from tui.sessions import name_of, standing_on
from tui.shop import KILLED, OK


@pytest.fixture
def shop_session(own_shop):
    """Open a session on the chain with an error inside."""
    with treadle_storage.open(own_shop) as store:
        yield Session(store, OK)


@pytest.mark.parametrize(
    ("condition", "stops"),
    [
        ("chat*", ["chat gpt-4o"]),
        ("kind = 'llm' and output_tokens > 50", ["chat gpt-4o"]),
        ("output::text ilike '%sorry%'", ["chat gpt-4o"]),
        ("status = 'error'", ["parse"]),
        ("duration_ms >= 0", ["answer", "retrieve", "chat gpt-4o", "parse"]),
        ("output_tokens > 5000", []),
    ],
)
def test_continue_stops_where_a_condition_holds(shop_session, condition, stops):
    """On columns and on payloads alike; what is null does not stop."""
    point = shop_session.breakpoints.add(condition)
    hits = shop_session.breakpoints.hits(point)
    assert [name_of(shop_session, row) for row in range(len(hits)) if hits[row]] == stops


@pytest.mark.parametrize(
    "condition",
    [
        "name = 'x') or (1=1",
        "nope = 1",
        "count(*) > 1",
        "select 1",
        "name = 'x'; drop table finished",
        "(select true)",
        "name =",
    ],
)
def test_what_is_no_condition_is_refused_in_one_line(shop_session, condition):
    """No breakpoint, no mark."""
    with pytest.raises(QueryError) as refused:
        shop_session.breakpoints.add(condition)
    assert "\n" not in str(refused.value)
    assert len(shop_session.breakpoints) == 0
    assert shop_session.store.marks() == []


def test_watches_are_read_at_each_position(shop_session):
    """The value here and before; one that cannot be evaluated is not added."""
    shop_session.add_watch("output_tokens")
    shop_session.add_watch("input->>'question'")
    with pytest.raises(QueryError):
        shop_session.add_watch("nope")
    assert [reading.value for reading in shop_session.readings()] == [None, "Where is Oslo?"]
    shop_session.step(2)
    assert [(reading.value, reading.before, reading.changed) for reading in shop_session.readings()] == [
        ("100", None, True),
        (None, "Where is Oslo?", True),
    ]


def test_a_tracepoint_says_values_of_the_step(shop_session):
    """Expressions in braces, in the order of walking."""
    shop_session.breakpoints.add("kind = 'llm'", message="{model} took {output_tokens} tokens")
    assert [line.text for line in shop_session.step(3).logged] == ["gpt-4o took 100 tokens"]


def test_what_people_leave_is_there_in_the_next_session(shop_session, own_shop):
    """Breakpoints and watches everywhere, bookmarks in their trace, nothing that was removed."""
    kept = shop_session.breakpoints.add("kind = 'llm'")
    shop_session.breakpoints.remove(shop_session.breakpoints.add("kind = 'tool'").breakpoint_id)
    shop_session.toggle_breakpoint_here()
    shop_session.breakpoints.enable(kept.breakpoint_id, enabled=False)
    shop_session.add_watch("output_tokens")
    shop_session.bookmarks.set("a", shop_session.span_id)
    with treadle_storage.open(own_shop) as store:
        again = Session(store, OK)
        assert [(point.text, point.enabled) for point in again.breakpoints] == [
            ("kind = 'llm'", False),
            ("answer", True),
        ]
        assert [watch.expression for watch in again.watches] == ["output_tokens"]
        assert again.bookmarks.get("a") == shop_session.span_id
        elsewhere = Session(store, KILLED)
        assert len(elsewhere.breakpoints) == 2
        assert elsewhere.bookmarks.get("a") is None


def test_search_and_errors(shop_session):
    """`/` and `e`."""
    assert shop_session.find("norway") == 4
    assert shop_session.find("sorry") == 1
    shop_session.next_match()
    assert standing_on(shop_session) == "chat gpt-4o"
    shop_session.next_error()
    assert standing_on(shop_session) == "parse"


def test_a_trace_of_a_hundred_thousand_steps_is_walked(tmp_path):
    """All moves, and a breakpoint with thousands of hits."""
    store_path = tmp_path / ".treadle"
    trace = write_long_trace(store_path)
    with treadle_storage.open(store_path) as store:
        session = Session(store, trace)
        assert len(session.tree) == 100_000
        session.breakpoints.add("output_tokens > 800")
        first = session.continue_()
        assert "of " in first.stopped_by
        assert session.continue_(10).moves == 10
        assert session.reverse_continue(99).position == first.position
        assert session.reverse_finish(9).position == 0
        assert session.step(99_999).end is None
        assert session.next_error().end == "no later error"
        assert session.previous_error().moves == 1
    end_owner(store_path)
