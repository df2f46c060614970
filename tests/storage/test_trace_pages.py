"""The list of traces, what names mean, and when a trace has failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.indexes import ask, rows
from storage.journals import (
    CHAT_ATTRS,
    START_NS,
    USAGE_ATTRS,
    JournalWriter,
    chat_answer,
    chat_request,
    span_id,
    trace_id,
)  # fmt: skip
from treadle.errors import AmbiguousError, NotFoundError
from treadle_storage.index import Index
from treadle_storage.summaries import found_of, summaries_of


def record(
    writer: JournalWriter, number: int, *, status: str = "ok", running: bool = False, inner_error: bool = False
) -> None:
    """Record a chain of one or two steps."""
    trace = trace_id(number)
    writer.start(span_id(2 * number), f"chain {number}", trace=trace)
    if inner_error:
        writer.start(span_id(2 * number + 1), "inner", trace=trace, parent=span_id(2 * number))
        writer.end(span_id(2 * number + 1), trace=trace, status="error")
    if not running:
        writer.end(span_id(2 * number), trace=trace, status=status)


def test_traces_come_newest_first_a_page_at_a_time(store: Path, index: Index) -> None:
    """Pages by key hold every trace once, with and without a filter."""
    with JournalWriter(store) as writer:
        for number in range(1, 26):
            record(writer, number, status="error" if number % 5 == 0 else "ok")
        index.ingest()
        for where, expected in (
            (None, range(25, 0, -1)),
            ("status = 'error'", range(25, 0, -5)),
            ("chain*", range(25, 0, -1)),
        ):
            seen: list[str] = []
            before = None
            while page := summaries_of(ask(index, "traces", limit=4, before=before, where=where)):
                assert len(page) <= 4
                seen += [trace.name for trace in page]
                before = [page[-1].started_at_ns, page[-1].trace_id]
            assert seen == [f"chain {number}" for number in expected]


def test_a_trace_that_began_elsewhere_is_listed_once(store: Path, index: Index) -> None:
    """A second process whose steps were read before their parent makes no second row, and the root is the root."""
    with JournalWriter(store, process="00000000000000dd", start_ns=START_NS + 10**10) as child:
        child.start(span_id(3), "in the child", parent=span_id(2))
        child.end(span_id(3))
    index.ingest()
    assert [trace.name for trace in summaries_of(ask(index, "traces"))] == ["in the child"]
    with JournalWriter(store) as writer:
        writer.start(span_id(2), "root")
        writer.end(span_id(2))
    index.ingest()
    assert [(trace.name, trace.span_count) for trace in summaries_of(ask(index, "traces"))] == [("root", 2)]


def test_names_mean_traces_and_spans(store: Path, index: Index) -> None:
    """`last` is the newest that has ended, `last-failed` the newest failure, else one with errors; it says which."""
    with pytest.raises(NotFoundError, match="nothing is recorded"):
        ask(index, "resolve", name="last")
    with JournalWriter(store) as writer:
        record(writer, 1, inner_error=True)
        record(writer, 2)
        record(writer, 3, running=True)
        index.ingest()
        found = found_of(ask(index, "resolve", name="last"))
        assert (found.trace_id, found.why) == (trace_id(2), "newest")
        found = found_of(ask(index, "resolve", name="last-failed"))
        assert (found.trace_id, found.why) == (trace_id(1), "newest with errors")
        writer.record("score", trace=trace_id(2), name="correct", value=False)
        index.ingest()
        found = found_of(ask(index, "resolve", name="last-failed"))
        assert (found.trace_id, found.why) == (trace_id(2), "failed")
        writer.record("score", trace=trace_id(2), name="correct", value=True)
        index.ingest()
        assert found_of(ask(index, "resolve", name="last-failed")).trace_id == trace_id(1)
        assert found_of(ask(index, "resolve", name=trace_id(3)[:7].upper())).trace_id == trace_id(3)
        found = found_of(ask(index, "resolve", name=span_id(3)[:9]))
        assert (found.trace_id, found.span_id) == (trace_id(1), span_id(3))
        with pytest.raises(NotFoundError):
            ask(index, "resolve", name="0123456789abcdef")
        first_digits = [trace_id(n)[0] for n in (1, 2, 3)] + [span_id(n)[0] for n in (2, 3, 4, 6)]
        with pytest.raises(AmbiguousError, match="several"):
            ask(index, "resolve", name=max(first_digits, key=first_digits.count))


def test_the_last_trace_is_no_replay(store: Path, index: Index) -> None:
    """`last` and `last-failed` pass over replays, and name the newest that they passed over."""
    with JournalWriter(store) as writer:
        record(writer, 1, status="error")
        record(writer, 2)
        index.ingest()
        assert found_of(ask(index, "resolve", name="last-failed")).why == "failed"
        for number in (3, 4):
            record(writer, number, status="error")
            writer.record("link", trace=trace_id(number), to_trace=trace_id(1), rel="replay_of")
        index.ingest()
        left_out = f", without the newer replay {trace_id(4)[:8]}"
        found = found_of(ask(index, "resolve", name="last"))
        assert (found.trace_id, found.why) == (trace_id(2), f"newest{left_out}")
        found = found_of(ask(index, "resolve", name="last-failed"))
        assert (found.trace_id, found.why) == (trace_id(1), f"failed{left_out}")
        record(writer, 5, running=True)
        record(writer, 6, status="error")
        index.ingest()
        assert found_of(ask(index, "resolve", name="last")).why == "newest"


def test_replays_alone_are_not_the_last_trace(store: Path, index: Index) -> None:
    """Where nothing but replays is left, `last` says so."""
    with JournalWriter(store) as writer:
        record(writer, 1)
        writer.record("link", trace=trace_id(1), to_trace=trace_id(2), rel="replay_of")
    index.ingest()
    with pytest.raises(NotFoundError, match="only replays are recorded"):
        ask(index, "resolve", name="last")


def test_a_score_below_its_threshold_fails_the_trace(store: Path, index: Index) -> None:
    """A number fails only against a threshold of its own."""
    with JournalWriter(store) as writer:
        record(writer, 1)
        record(writer, 2)
        writer.record("score", trace=trace_id(1), name="quality", value=0.4)
        writer.record("score", trace=trace_id(2), name="quality", value=0.4, threshold=0.5)
        index.ingest()
    assert rows(index, "select name, failed from traces order by name") == [("chain 1", False), ("chain 2", True)]


def test_served_calls_cost_nothing(store: Path, index: Index) -> None:
    """What a replay answered from the recording, or the user, is not added up anywhere."""
    with JournalWriter(store) as writer:
        for number, source in ((1, None), (2, "served"), (3, "overridden")):
            writer.start(
                span_id(number), "chat", kind="llm", arguments=chat_request("x"), source=source,
                attrs={**CHAT_ATTRS, "session.id": "s"},
            )  # fmt: skip
            writer.end(span_id(number), tagged=chat_answer("y"), attrs=USAGE_ATTRS)
        index.ingest()
    once = [(3, 1000, 100, pytest.approx(0.0035))]
    columns = "llm_calls, input_tokens, output_tokens, cost_usd"
    assert rows(index, f"select {columns} from traces") == once
    assert rows(index, f"select {columns} from sessions") == once
    (summary,) = summaries_of(ask(index, "traces"))
    assert [(summary.llm_calls, summary.input_tokens, summary.output_tokens, summary.cost_usd)] == once
    for view in ("spans", "llm_calls"):
        assert rows(index, f"select sum(cost_usd) from {view}") == [(pytest.approx(0.0035),)]


def test_an_agents_sum_is_not_added_to_its_calls(store: Path, index: Index) -> None:
    """A step that reports what the calls below it used is counted once, in a trace and in a session."""
    with JournalWriter(store) as writer:
        attributes = {**CHAT_ATTRS, "session.id": "s"}
        writer.start(span_id(1), "agent", kind="agent", attrs=attributes)
        writer.start(span_id(2), "chat", kind="llm", parent=span_id(1), attrs=attributes)
        writer.end(span_id(2), attrs=USAGE_ATTRS)
        writer.end(span_id(1), attrs=USAGE_ATTRS)
        index.ingest()
    for view in ("traces", "sessions"):
        assert rows(index, f"select input_tokens, cost_usd from {view}") == [(1000, pytest.approx(0.0035))]
