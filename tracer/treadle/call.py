"""One traced call from its beginning to its end: the only place where recording happens.

The four wrappers, `treadle.span` and the client patches all drive a `Call`: `begin`, then `resume` and `suspend`
around each stretch of user code, then one of the ends. A call is current only while user code runs in it.
"""

import asyncio
import contextvars
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from treadle import guard, turns
from treadle.clock import now_ns
from treadle.failure import error_type, writable
from treadle.functions import Traced
from treadle.hiding import NOTHING, PAYLOAD, WHY
from treadle.kinds import EFFECT_KINDS
from treadle.lanes import CURRENT, Lane, RemoteCall
from treadle.left_out import LEFT_OUT, LeftOut
from treadle.names import REPLAY_VARIABLE
from treadle.otel import current, remote
from treadle.place import Place
from treadle.recorder import Recorder, recorder
from treadle.relay import Relay
from treadle.replay.divergence import DivergedError, Orphan
from treadle.streams import Stream, total_of
from treadle.values.encode import Encoded

if TYPE_CHECKING:
    from treadle.replay.answers import Answer

SUBMISSIONS_DONE = "treadle.submissions_done"
ENDINGS = (GeneratorExit, SystemExit)
"""What ends a call without a failure."""
_HIDDEN_INPUT = Encoded(PAYLOAD, WHY)
INTERRUPTIONS = (asyncio.CancelledError, KeyboardInterrupt)
"""What cuts a call short: no failure either, but it has no result."""


class Replayer(Protocol):
    """What a replaying process puts in `REPLAYER`: see `treadle.replay`."""

    def decide(self, call: "Call") -> "Answer | None":
        """Return the answer that serves this call, or None to let it run."""


REPLAYER: Replayer | None = Orphan() if os.environ.get(REPLAY_VARIABLE) else None


def _orphan_in_child() -> None:
    """Answer a forked child of a replay no more than a spawned one; it takes none of the replay's locks either."""
    global REPLAYER
    if REPLAYER is not None:
        REPLAYER = Orphan()


os.register_at_fork(after_in_child=_orphan_in_child)


class Call:
    """One call. Nothing here but a replay's divergence raises into the user's program."""

    __slots__ = (
        "_ended",
        "_handle",
        "_lane",
        "_lane_token",
        "_otel_token",
        "_recorder",
        "_redactor",
        "_stream",
        "answer",
        "attributes",
        "ended_attributes",
        "hidden",
        "kind",
        "name",
        "ordinal",
        "parent",
        "payload",
        "span_id",
        "started_at_ns",
        "submissions_done",
        "total",
        "trace_id",
        "traced",
    )

    def __init__(self, name: str, kind: str, *, traced: Traced | None, place: Place, writer: Recorder) -> None:
        self.name = name
        self.kind = kind
        self.traced = traced
        self.parent: Call | RemoteCall | None = place.parent
        self.ordinal = place.ordinal
        self._lane: Lane | None = None
        self.attributes: dict[str, Any] = {}
        self.ended_attributes: dict[str, Any] = {}
        self.answer: Answer | None = None
        self.submissions_done: dict[str, int] = {}
        self.total: Callable[[], Any] | None = None
        self.hidden = NOTHING if writer.hiding is None else writer.hiding.of(name, kind)
        self._recorder: Recorder | LeftOut = writer
        self._redactor = writer.redactor.of_call()
        self._lane_token: contextvars.Token[Lane | None] | None = None
        self._otel_token: current.OtelToken | None = None
        self._stream: Stream | None = None
        self._ended = False

    def begin(self, held: Callable[[], Any], context: current.OtelContext | None, writer: Recorder) -> None:
        """Start the span and put it on disk, with what the call was given."""
        encoded = self._given(held) if writer.takes_all else None
        if self.attributes:
            self.attributes = self._redactor.attributes(self.attributes)
        self._start_span(context)
        if encoded is None:
            if REPLAYER is None and not writer.takes(self.trace_id):
                self._recorder = LEFT_OUT
            encoded = self._given(held)
        if REPLAYER is not None:
            self.payload = encoded.payload
            self.answer = REPLAYER.decide(self)
        self._recorder.start(self, encoded.payload, encoded.why)

    def _given(self, held: Callable[[], Any]) -> Encoded:
        return _HIDDEN_INPUT if self.hidden.inputs else self._recorder.encode(held(), self._redactor)

    def _start_span(self, context: current.OtelContext | None) -> None:
        if type(self.parent) is RemoteCall:
            context = remote.at_least_under(self.parent.around, context)
        self.started_at_ns = now_ns()
        handle = current.start(
            self.name,
            at_ns=self.started_at_ns,
            attributes=self.attributes or None,
            is_client=self.kind == "llm",
            parent=context,
        )
        self._handle = handle
        self.trace_id = handle.trace_id
        self.span_id = handle.span_id
        if self.parent is not None and self.parent.trace_id != self.trace_id:
            self.parent = None

    def origin(self) -> dict[str, Any]:
        """Return the fields of the start record that say where the call comes from, and that few calls have."""
        fields: dict[str, Any] = {}
        if (task := _task_name()) is not None:
            fields["task"] = writable(self._redactor.text(task))
        if self._redactor.changed:
            fields["redacted"] = self._redactor.take_changed()
        if self.answer is not None:
            fields |= self.answer.origin()
        return fields

    def link_to(self, *, rel: str, trace: str, span: str) -> None:
        """Record that this call's trace stands in a relation to a step of another."""
        self._recorder.link(self, rel=rel, to_trace=trace, to_span=span)

    def set_attribute(self, name: str, value: object) -> None:
        """Keep an attribute for the end of the call; what OpenTelemetry has no type for, as text."""
        is_plain = isinstance(value, bool | float) or (isinstance(value, int) and -(2**63) <= value < 2**63)
        self.ended_attributes[writable(str(name))] = value if is_plain else writable(str(value))

    def resume(self) -> None:
        """Make this call current: user code of it runs from here on."""
        if self._lane is None:
            self._lane = Lane(self)
        self._lane_token = CURRENT.set(self._lane)
        self._otel_token = current.attach(self._handle)

    def take_over(self, relay: Relay) -> None:
        """Be the call that the relay's lanes are under, from before this one is first resumed."""
        relay.pass_to(self)
        self._lane = relay
        self._handle.stand_behind(relay.span)

    def suspend(self) -> None:
        """Make current what was current before.

        A coroutine that is collected in the middle of an await is closed in another context, which never was ours:
        there is nothing to restore in it.
        """
        assert self._lane_token is not None
        assert self._otel_token is not None
        try:
            CURRENT.reset(self._lane_token)
        except ValueError:
            return
        current.detach(self._otel_token)

    def made_in(self) -> Lane | None:
        """Return the lane that becomes current again when this call, which is current, is not."""
        before = self._lane_token.old_value if self._lane_token is not None else None
        return before if isinstance(before, Lane) else None

    def chunk(self, value: Any) -> None:
        """Record one chunk of a stream."""
        try:
            if self._stream is None:
                self._stream = Stream(lambda at_ns, payload: self._recorder.chunk(self, at_ns, payload))
            self._stream.add(now_ns(), self._encode(value))
        except Exception as error:  # noqa: BLE001 - the guard
            guard.report(error)

    def end(self, result: Any) -> None:
        """Record that the call returned this."""
        self._finish({"status": "ok"}, lambda: self._encode(result))

    def end_stream(self, *, returned: Any = None, closed: bool = False) -> None:
        """Record that a stream is over.

        Its output is what `total` returns where a client patch set it, else the sum of its chunks, and its return
        value.
        """
        more: dict[str, Any] = {"status": "ok", "closed": True} if closed else {"status": "ok"}
        self._finish(more, lambda: self._total(returned))

    def fail(self, error: BaseException, *, even_exit: bool = False, by_consumer: bool = False) -> None:
        """Record that the call raised; cancellation and Ctrl-C interrupt it, and closing a stream ends it early.

        `even_exit`: here a `SystemExit` is a failure, because the call is the program itself. `by_consumer`: whoever
        reads a stream was cancelled between two chunks, and so closed it.
        """
        is_exit = isinstance(error, ENDINGS) and not (even_exit and isinstance(error, SystemExit))
        if is_exit or (by_consumer and isinstance(error, INTERRUPTIONS)):
            self.end_stream(closed=True)
            return
        if isinstance(error, INTERRUPTIONS):
            cause = {"type": error_type(error)}
            self._finish({"status": "interrupted", "closed": True, "error": cause}, lambda: self._total(None))
            return
        failure = {"type": type(error).__qualname__, "message": ""}
        is_hidden = self.hidden is not NOTHING and self._hide(error)
        try:  # a `finally`, because Ctrl-C may come while a local of the user's is shown
            failure = self._recorder.describe(error, self._redactor, hidden=is_hidden)
        finally:
            payload = (lambda: PAYLOAD) if is_hidden else (lambda: self._encode(error))
            self._finish({"status": "error", "error": failure}, payload)

    def _finish(self, more: dict[str, Any], payload: Callable[[], bytes]) -> None:
        if self._ended:
            return
        self._ended = True
        self._lane = None  # it refers back: without it the call is freed at once, not by the garbage collector
        try:
            if self._stream is not None:
                more |= {"chunks": len(self._stream.payloads), "chunks_digest": self._stream.digest()}
            if self.ended_attributes:
                self.ended_attributes = self._redactor.attributes(self.ended_attributes)
            if self.submissions_done:
                more["attrs"] = {**self.ended_attributes, SUBMISSIONS_DONE: self.submissions_done}
            elif self.ended_attributes:
                more["attrs"] = self.ended_attributes
            if self.kind in EFFECT_KINDS and (turn := turns.of_running_loop()) is not None:
                more["turn"] = turn
            at_ns = now_ns()
            written = guard.attempt(payload) or b"null"
            if self._redactor.changed:
                more["redacted"] = self._redactor.take_changed()
            self._recorder.end(self, at_ns, more, written)
            failed = more["error"]["type"] if more["status"] == "error" else None
            self._handle.end(at_ns, self.ended_attributes, failed)
        except Exception as error:  # noqa: BLE001 - the guard
            guard.report(error)

    def _hide(self, error: BaseException) -> bool:
        """Tell whether this may not be shown, and see to it that the calls above do not show it either."""
        if not self.hidden.hides_failure(error):
            return False
        above = self.parent
        while isinstance(above, Call):
            above.hidden = above.hidden.after(error)
            above = above.parent
        return True

    def _encode(self, value: Any) -> bytes:
        return PAYLOAD if self.hidden.outputs else self._recorder.encode(value, self._redactor).payload

    def _total(self, returned: Any) -> bytes:
        if self.hidden.outputs:
            return PAYLOAD
        if self.total is not None:
            return self._encode(self.total())
        if self._stream is None and returned is None:
            return b"null"
        payloads = self._stream.payloads if self._stream is not None else ()
        return total_of(payloads, self._encode, returned=None if returned is None else self._encode(returned))


def begin(
    name: str,
    kind: str,
    held: Callable[[], Any],
    *,
    traced: Traced | None = None,
    place: Place | None = None,
    attributes: dict[str, Any] | None = None,
) -> Call | None:
    """Begin a call with the arguments that `held` returns; None where this process cannot record.

    Raises:
        DivergedError: in a replay, where a call that cannot be decided about must not go live.

    """
    try:
        writer = recorder()
        if writer is None:
            _stop_replay(name, None)
            return None
        place = place or Place()
        call = Call(name, kind, traced=traced, place=place, writer=writer)
        if attributes:
            call.attributes = attributes
        call.begin(held, place.context, writer)
    except Exception as error:  # noqa: BLE001 - the guard
        guard.report(error)
        _stop_replay(name, error)
        return None
    return call


def _stop_replay(name: str, error: Exception | None) -> None:
    """In a replay, see to it that a call that could not be decided about is not made."""
    if REPLAYER is not None:
        raise DivergedError(f"{name} cannot be recorded, and so is not answered: {error or 'there is no journal'}")


def _task_name() -> str | None:
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented for frameworks; the public one raises instead
    if loop is None:
        return None
    task = asyncio.current_task(loop)
    return task.get_name() if task is not None else None
