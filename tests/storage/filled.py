"""Stores with something of everything in them, from several programs and a person, and all that they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storage.journals import START_NS, JournalWriter, chat_request, span_id, trace_id
from treadle.blobs import Blobs
from treadle.journal import PEOPLE_PREFIX
from treadle_storage.store import Store

SHOWN = ("spans", "traces", "events", "scores", "messages", "processes")
PROGRAM_NS = 10**13
"""Between the starts of two programs."""


def write_program(store: Path, number: int, *, traces: range, long_text: str = "") -> None:
    """Write the journal of a program that is over: traces of three steps, one a stream, one cut off."""
    with JournalWriter(store, process=f"{number:016x}", start_ns=START_NS + number * PROGRAM_NS) as writer:
        writer.function(1, "answer")
        for each in traces:
            write_trace(writer, each, content=_blob(store, long_text) if long_text else "hello")


def write_trace(writer: JournalWriter, number: int, *, content: Any = "hello") -> None:
    """Write a trace of three steps: the first fails, the second streams, the third never ends."""
    trace, (root, ask, hang) = trace_id(number), (span_id(3 * number + each) for each in range(3))
    request = chat_request("hello")
    request["messages"][0]["content"] = content
    writer.start(root, "answer", trace=trace, f=1, arguments={"number": number})
    writer.start(ask, "ask", trace=trace, parent=root, kind="llm", arguments=request)
    writer.chunks(ask, ["a", "b"], trace=trace)
    writer.end(ask, trace=trace, result="ab")
    writer.start(hang, "hang", trace=trace, parent=root)
    writer.end(root, trace=trace, status="error", error={"type": "ValueError", "message": "no"})
    writer.record("score", trace=trace, name="short", value=0.5)
    writer.record("link", trace=trace, span=root, rel="replay_of", to_trace=trace_id(number + 1000))


def write_person(store: Path, number: int, *, trace: int, bookmark: bool = False) -> None:
    """Write what a person said of a trace: a score, and a bookmark on it."""
    start_ns = START_NS + number * PROGRAM_NS
    with JournalWriter(store, process=f"{number:016x}", start_ns=start_ns, prefix=PEOPLE_PREFIX) as writer:
        writer.record("score", trace=trace_id(trace), name="helpful", value=True, source="human", author="ann")
        if bookmark:
            writer.record("mark", id="b1", mark="bookmark", trace=trace_id(trace), value={"span": span_id(3 * trace)})


def shown(store: Store) -> dict[str, list[str]]:
    """Return every row that each view shows, sorted."""
    rows = {view: sorted(map(repr, store.sql(f"from {view}"))) for view in SHOWN}
    links = "select replace(trace_id::varchar, '-', ''), span_id, rel, to_trace_id, created_ns from links"
    return {**rows, "links": sorted(map(repr, store.sql(links)))}


def _blob(store: Path, text: str) -> dict[str, Any]:
    return {"$": "blob", "of": "str", "v": Blobs(store).keep(text.encode()), "size": len(text)}
