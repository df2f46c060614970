"""`treadle.continued`: what carries the headers of a request hangs its calls under the span that they name."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import recorded
import treadle

TRACE, SPAN, CALL = "a" * 32, "b" * 16, "c" * 16
HEADER = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


@treadle.trace
def work(text: str) -> str:
    """Answer."""
    return text


def places(store: Path) -> dict[str, tuple[str, str | None, str]]:
    """Return trace, parent and place of each call by what it was given."""
    starts = {call.given["text"]: call.start for call in recorded.calls(store)}
    return {text: (start["trace"], start.get("parent"), start["ord"]) for text, start in starts.items()}


def test_a_server_span_of_the_users_stays_the_parent(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their instrumentation opened it for the request: their spans nest, and the record knows the caller."""
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    inside: list[Any] = []

    @treadle.trace
    def handle() -> None:
        span: Any = trace.get_current_span()
        inside.append(span.parent.span_id)

    with treadle.continued(HEADER), trace.get_tracer("theirs").start_as_current_span("server") as server:
        with treadle.continued(HEADER):
            handle()
        assert trace.get_current_span() is server
    start = recorded.only(store).start
    assert (start["trace"], start["parent"]) == (TRACE, SPAN)
    assert inside == [server.get_span_context().span_id]
    provider.shutdown()


@pytest.mark.parametrize(
    "headers",
    [
        HEADER,
        {"TraceParent": HEADER["traceparent"]},
        {b"traceparent": HEADER["traceparent"].encode()},
        [(b"x", b"y"), (b"traceparent", HEADER["traceparent"].encode())],
        {"traceparent": [HEADER["traceparent"]]},
        {**HEADER, "tracestate": None},
    ],
)
def test_headers_of_any_make_are_read(store: Path, headers: Any) -> None:
    """A mapping or pairs, text or bytes, single or listed."""
    with treadle.continued(headers):
        work("text")
    work("after")
    assert places(store)["text"] == (TRACE, SPAN, "0")
    assert places(store)["after"][0] != TRACE


@pytest.mark.parametrize("headers", [None, {}, [], [("traceparent",)], 3, {3: 4}])
def test_headers_that_are_none_harm_nobody(store: Path, headers: Any) -> None:
    """A message without headers, or with something else in their place, is handled as it would be."""
    with treadle.continued(headers):
        work("text")
    assert places(store)["text"][1:] == (None, "0")


@pytest.mark.parametrize(
    "state",
    [
        "treadle=x",
        f"treadle={CALL}",
        f"treadle={CALL}-1..2",
        f"treadle={'0' * 16}-1",
        'treadle="-1',
        f"treadle={CALL}-é",
    ],
)
def test_a_forged_place_is_not_taken(store: Path, state: str) -> None:
    """What a stranger writes there never reaches a record as it is."""
    with treadle.continued({**HEADER, "tracestate": state}):
        work("text")
    assert places(store) == {"text": (TRACE, SPAN, "0")}


def test_a_request_inside_a_call_takes_it_over(store: Path) -> None:
    """A worker's loop may be a traced call itself: what came with a request hangs under its sender."""

    @treadle.trace
    def loop(text: str) -> None:
        with treadle.continued(HEADER):
            work("message")
            thread = threading.Thread(target=work, args=("thread",))
            thread.start()
            thread.join()
        with treadle.continued({}):
            work("own")

    loop("loop")
    found = places(store)
    assert (found["message"], found["thread"]) == ((TRACE, SPAN, "0"), (TRACE, SPAN, "0.0"))
    assert found["own"][1] == recorded.named(store, "loop").start["span"]


def test_headers_and_continued_are_two_ends(store: Path) -> None:
    """Each message has its own place, whatever carries it; outside of every call there is none to name."""
    assert treadle.headers() == {}
    sent: list[dict[str, str]] = []

    @treadle.trace
    def producer(text: str) -> None:
        sent.extend(treadle.headers() for _ in range(2))

    producer("producer")
    acts: list[Callable[[], Any]] = [lambda: work("one"), lambda: work("two")]
    for headers, act in zip(sent, acts, strict=True):
        with treadle.continued(headers):
            act()
    (root,) = recorded.roots(store)
    assert [(call.given["text"], call.start["ord"]) for call in root.children] == [("one", "0.0"), ("two", "1.0")]


class Never:
    """Is waited for in vain."""

    def __await__(self) -> Iterator[None]:
        """Wait."""
        yield


def test_a_handler_that_is_collected_leaves_nothing(store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It is closed in a context that never was its own, and complains of nothing."""

    async def handler() -> None:
        with treadle.continued(HEADER):
            work("inside")
            await Never()

    coroutine = handler()
    thread = threading.Thread(target=lambda: coroutine.send(None))
    thread.start()
    thread.join()
    coroutine.close()
    work("after")
    assert places(store)["after"][0] != TRACE
    assert capfd.readouterr().err == ""


def test_a_disabled_program_continues_nothing(monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    """`TREADLE_DISABLED` leaves the request alone."""
    monkeypatch.setenv("TREADLE_DISABLED", "1")
    with treadle.continued(HEADER):
        assert treadle.current() is None
