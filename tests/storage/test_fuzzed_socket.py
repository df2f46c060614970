"""Whatever comes through the owner's socket: it is refused or answered, and the next client is served."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import treadle_storage
from storage.indexes import ingest_all
from storage.journals import JournalWriter, span_id, trace_id, write_example
from treadle.errors import QueryError, StoreError
from treadle_storage import index
from treadle_storage.connection import Connection
from treadle_storage.election import elect
from treadle_storage.index import Index
from treadle_storage.place import Place, place_of
from treadle_storage.protocol import PREFIX, PROTOCOL, Frame, encode_frame
from treadle_storage.server import Server

EXAMPLES = int(os.environ.get("TREADLE_FUZZ_EXAMPLES", "40"))
ANSWER_S = 20
ENDLESS = "range(100000000) a, range(100000000) b where a.range * b.range = 7"
QUESTIONS = (
    "traces", "trace", "resolve", "tree", "step", "source", "hits", "watch", "column", "search", "messages", "events",
    "scores", "process", "calls", "chunks", "closures", "kept_sources", "marks", "status", "rejected",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from([trace_id(1), span_id(1), "0" * 32, "f" * 16, "", "x", "last"]) | JSON
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "trace_id": IDS, "span_id": IDS, "name": IDS, "limit": JSON, "before": JSON, "where": JSON, "text": JSON,
        "condition": JSON, "above_row": JSON, "expression": JSON, "expressions": JSON | st.lists(st.text(max_size=5)),
    },
)  # fmt: skip
REQUESTS = st.fixed_dictionaries(
    {"op": st.sampled_from(["ask", "sql", "version", "status", "cancel", "hello", "poem"]) | JSON},
    optional={
        "question": st.sampled_from(QUESTIONS) | JSON, "args": ARGUMENTS | JSON, "query": st.just("select 1") | JSON,
        "timeout_s": st.just(1.0) | JSON, "fresh": JSON,
    },
)  # fmt: skip
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a store whose owner is a thread of this process, so that an exception in it is seen."""
    store = tmp_path_factory.mktemp("served")
    with JournalWriter(store) as writer:
        write_example(writer)
    indexed = Index(store)
    ingest_all(indexed)
    election = elect(place_of(store))
    assert election is not None
    server = Server(election, indexed, idle_s=60)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield election.place
    server.stop()
    thread.join()


def connected(place: Place) -> socket.socket:
    """Return a socket to the owner."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(ANSWER_S)
    client.connect(str(place.socket()))
    return client


def is_served(place: Place) -> bool:
    """Tell whether a good client gets its answer."""
    with treadle_storage.open(place.store) as store:
        return store.trace(trace_id(1)).span_count == 4


@given(sent=st.lists(st.binary(max_size=100) | st.just(b"TRDL"), max_size=4))
@SETTINGS
def test_bytes_that_are_no_frames_end_their_own_connection(served: Place, sent: list[bytes]) -> None:
    """And no other."""
    with connected(served) as client:
        for piece in sent:
            try:
                client.sendall(piece)
            except ConnectionError:
                break
    assert is_served(served)


@given(requests=st.lists(REQUESTS, min_size=1, max_size=3))
@SETTINGS
def test_every_request_is_answered_or_refused(served: Place, requests: list[dict[str, Any]]) -> None:
    """An error names what was wrong; none of them is a fault of ours, and the connection goes on."""
    with connected(served) as client:
        connection = Connection(client)
        connection.send("hello", protocol=PROTOCOL, pid=1)
        assert connection.receive().header["op"] == "hello"
        for request in requests:
            connection.send_frame(Frame(request))
            if request["op"] == "cancel":
                continue
            answer = connection.receive().header
            while answer.get("more"):
                answer = connection.receive().header
            assert answer["op"] in ("error", "answer", "batch", "version", "status")
            assert "a fault in Treadle" not in str(answer.get("message"))
    assert is_served(served)


def test_a_time_limit_that_is_none_leaves_others_theirs(served: Place) -> None:
    """Queries of the next client are still stopped when their time is over."""
    with connected(served) as client:
        connection = Connection(client)
        connection.send("hello", protocol=PROTOCOL, pid=1)
        connection.receive()
        connection.send("sql", query=f"select count(*) from {ENDLESS}", timeout_s="soon")
        assert "timeout_s is no number of seconds: 'soon'" in connection.receive().header["message"]
    with treadle_storage.open(served.store) as store, pytest.raises(QueryError, match=r"stopped after 0\.2 s"):
        store.sql(f"select count(*) from {ENDLESS}", timeout_s=0.2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_is_told_as_one(served: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the log, where its traceback is, and costs its own connection alone."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with treadle_storage.open(served.store) as store:
        monkeypatch.setitem(index._ANSWERS, "marks", fail)
        with pytest.raises(StoreError, match=r"a fault in Treadle itself: 'marks' failed.*owner\.log"):
            store.marks()
    assert is_served(served)


@given(data=st.data(), request=REQUESTS)
@SETTINGS
def test_a_damaged_request_ends_its_own_connection_at_most(
    served: Place, data: st.DataObject, request: dict[str, Any]
) -> None:
    """Whatever byte of it is another."""
    frame = bytearray(b"".join(encode_frame(Frame(request))))
    at = data.draw(st.integers(PREFIX.size, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    with connected(served) as client:
        connection = Connection(client)
        connection.send("hello", protocol=PROTOCOL, pid=1)
        connection.receive()
        client.sendall(frame)
        client.shutdown(socket.SHUT_WR)
        try:
            while connection.receive():
                continue
        except (ConnectionError, StoreError):
            pass
    assert is_served(served)
