"""One traced call from its beginning to its end: the only place where recording happens.

The four wrappers, `treadle.span` and the client patches all drive a `Call`: `begin`, then `resume` and `suspend`
around each stretch of user code, then one of the ends. A call is current only while user code runs in it.
"""

from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING, Any

from treadle import guard, masking, signals, stack, stretch, turns
from treadle.clock import now_ns
from treadle.failure import ENDINGS, INTERRUPTIONS, error_type
from treadle.functions import Traced
from treadle.hiding import NOTHING, PAYLOAD, WHY, hides, in_its_place
from treadle.kinds import EFFECT_KINDS
from treadle.lanes import Lane, RemoteCall
from treadle.left_out import LEFT_OUT, LeftOut
from treadle.names import writable
from treadle.numbers_and_texts import number_or_text, text
from treadle.otel import current, remote
from treadle.place import Place
from treadle.recording import Recorded, Recorder
from treadle.relay import Relay
from treadle.replay import decider
from treadle.stack import EVERY
from treadle.streams import Stream, total_of

if TYPE_CHECKING:
    from treadle.replay.answers import Answer
    from treadle.replay.changed import Changed

SUBMISSIONS_DONE = "treadle.submissions_done"
_HIDDEN_INPUT: Recorded = PAYLOAD, WHY


class Call:
    """One call. Nothing here but a replay's divergence raises into the user's program."""

    __slots__ = (
        "_ended",
        "_may_pickle",
        "_recorder",
        "_redactor",
        "_room",
        "_stream",
        "answer",
        "attributes",
        "context",
        "depth",
        "ended_attributes",
        "extra_frames",
        "hidden",
        "kind",
        "lane",
        "lane_token",
        "name",
        "ordinal",
        "otel_token",
        "parent",
        "payload",
        "span",
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
        self.parent, self.ordinal, _ = place
        self.extra_frames: int = 0
        self.depth: int = traced.own_frames if traced is not None else 0
        around = 0
        if type(parent := self.parent) is Call:
            around = parent.depth
            self.depth += around + parent.extra_frames
        self._may_pickle = traced is not None and traced.pickle
        self._room = stack.Room() if self.depth // EVERY > around // EVERY else None
        self.attributes: dict[str, Any] = {}
        self.ended_attributes: dict[str, Any] = {}
        self.answer: Answer | Changed | None = None
        self.submissions_done: dict[str, int] = {}
        self.total: Callable[[], Any] | None = None
        self.hidden = NOTHING if writer.hiding is None else writer.hiding.of(name, kind)
        self._recorder: Recorder | LeftOut = writer
        self._redactor = writer.redactor.of_call()
        self.lane: Lane | None = None
        self.lane_token: Token[Lane | None] | None = None
        self.otel_token: current.OtelToken | None = None
        self._stream: Stream | None = None
        self._ended = False

    def begin(self, held: Callable[[], Any], context: current.OtelContext | None, writer: Recorder) -> None:
        """Start the span and put it on disk, with what the call was given; at the edge of the stack with more room."""
        try:
            if self._room is not None:
                self._room.widen()
            self._begin(held, context, writer)
        except RecursionError:
            self._room = self._room or stack.Room()
            if not self._room.widen_at_edge():
                raise
            self._begin(held, context, writer)

    def _begin(self, held: Callable[[], Any], context: current.OtelContext | None, writer: Recorder) -> None:
        encoded: Recorded | None = _HIDDEN_INPUT if self.hidden.inputs else None
        if encoded is None and writer.takes_all:
            encoded = writer.encode(held(), self._redactor, may_pickle=self._may_pickle)
        self._start_span(context)
        if not writer.takes_all and decider.decider is None and not writer.takes(self.trace_id):
            self._recorder = LEFT_OUT
            return
        if encoded is None:
            encoded = writer.encode(held(), self._redactor, may_pickle=self._may_pickle)
        if decider.decider is not None:
            self.payload, _ = encoded
            self.answer = decider.decider.decide(self, held)
            if self.answer is not None and self.answer.held is not None:
                encoded = writer.encode(self.answer.held, self._redactor)
        payload, why = encoded
        if self.traced is None or not self.traced.closes_over:
            self._recorder.start(self, payload, why)
        else:
            cells, whys = _HIDDEN_INPUT if self.hidden.inputs else writer.encode_cells(self.traced, self._redactor)
            self._recorder.start(self, payload, why or whys, cells)

    def _start_span(self, context: current.OtelContext | None) -> None:
        if self.traced is None:
            self.name = self._redactor.text(self.name)
        if self.attributes:
            self.attributes = self._redactor.attributes(self.attributes)
        parent = self.parent
        if type(parent) is RemoteCall:
            context = remote.at_least_under(parent.around, context)
        self.started_at_ns = at_ns = now_ns()
        self.span, self.context, self.trace_id, self.span_id = current.start(
            self.name, at_ns=at_ns, attributes=self.attributes, is_client=self.kind == "llm", parent=context
        )
        if parent is not None and parent.trace_id != self.trace_id:
            self.parent = None

    def origin(self) -> dict[str, Any]:
        """Return the fields of the start record that say where the call comes from, and that few calls have."""
        fields: dict[str, Any] = {}
        if (task := turns.task_name()) is not None:
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
        self.ended_attributes[text(name)] = number_or_text(value)

    resume = stretch.enter
    suspend = stretch.leave
    suspend_block = stretch.leave_block

    def break_off(self, error: BaseException, *, by_consumer: bool = False) -> None:
        """End with what came out of the call, wherever it came from; a second time does what the first left undone."""
        stretch.break_off(self)
        self.fail(error, by_consumer=by_consumer)

    def take_over(self, relay: Relay) -> None:
        """Be the call that the relay's lanes are under, from before this one is first resumed."""
        relay.pass_to(self)
        self.lane = relay
        self.context = relay.span.stand_for(self.span, self.context)

    def chunk(self, value: Any) -> None:
        """Record one chunk of a stream."""
        try:
            self._add_chunk(value)
        except Exception as error:  # noqa: BLE001 - the guard
            guard.rescue(error, lambda: self._add_chunk(value))

    def _add_chunk(self, value: Any) -> None:
        if self._stream is None:
            self._stream = Stream(lambda at_ns, payload: self._recorder.chunk(self, at_ns, payload))
        self._stream.add(now_ns(), self._encode(value))

    def end(self, result: Any) -> None:
        """Record that the call returned this."""
        self._finish({"status": "ok"}, self._encode, result)

    def end_stream(self, *, returned: Any = None, closed: bool = False) -> None:
        """Record that a stream is over.

        Its output is what `total` returns where a client patch set it, else the sum of its chunks, and its return
        value.
        """
        more: dict[str, Any] = {"status": "ok", "closed": True} if closed else {"status": "ok"}
        self._finish(more, self._total, returned)

    def fail(self, error: BaseException, *, even_exit: bool = False, by_consumer: bool = False) -> None:
        """Record that the call raised; cancellation and Ctrl-C interrupt it, and closing a stream ends it early.

        `even_exit`: here a `SystemExit` is a failure, because the call is the program itself. `by_consumer`: whoever
        reads a stream was cancelled between two chunks, and so closed it.
        """
        if self._ended:
            return
        cls = type(error)  # an exception may deny its class
        is_exit = issubclass(cls, ENDINGS) and not (even_exit and issubclass(cls, SystemExit))
        if is_exit or (by_consumer and issubclass(cls, INTERRUPTIONS)):
            self.end_stream(closed=True)
            return
        if issubclass(cls, INTERRUPTIONS):
            cause = {"type": error_type(error)}
            self._finish({"status": "interrupted", "closed": True, "error": cause}, self._total, None)
            return
        failure = {"type": cls.__qualname__, "message": ""}
        is_hidden = self.hidden is not NOTHING and hides(self, error)
        try:  # a `finally`, because Ctrl-C may come while a local of the user's is shown
            failure = self._recorder.describe(error, self._redactor, hidden=is_hidden)
        finally:
            self._finish({"status": "error", "error": failure}, in_its_place if is_hidden else self._encode, error)

    def _finish(self, more: dict[str, Any], encode: Callable[[Any], bytes], value: Any) -> None:
        if self._ended:
            return
        try:
            self._ended = True
            self._write_end(more, encode, value)
        except BaseException as error:
            self._ended = True
            if not signals.is_fault(error):
                guard.attempt(lambda: self._end_once(more, encode, value))
                raise
            guard.rescue(error, lambda: self._write_end(more, encode, value))
        finally:
            self.lane = self._stream = None  # they refer back: without them the call is freed at once
            if self._room is not None:
                self.let_go()

    def let_go(self) -> None:
        """Give back the room on the stack that the call was given."""
        if self._room is not None:
            self._room.give_back()
            self._room = None

    def _write_end(self, more: dict[str, Any], encode: Callable[[Any], bytes], value: Any) -> None:
        if self._stream is not None:
            more |= {"chunks": self._stream.count, "chunks_digest": self._stream.digest()}
        if self.ended_attributes:
            self.ended_attributes = masking.written(self, self.ended_attributes, self._redactor)
        if self.submissions_done:
            more["attrs"] = {**self.ended_attributes, SUBMISSIONS_DONE: self.submissions_done}
        elif self.ended_attributes:
            more["attrs"] = self.ended_attributes
        if self.kind in EFFECT_KINDS and (turn := turns.of_running_loop()) is not None:
            more["turn"] = turn
        at_ns = now_ns()
        try:
            payload = encode(value)
        except Exception as error:  # noqa: BLE001 - the guard
            payload = guard.rescue(error, lambda: encode(value)) or b"null"
        if self._redactor.changed:
            more["redacted"] = self._redactor.take_changed()
        self._recorder.end(self, at_ns, more, payload)
        failed = more["error"]["type"] if more["status"] == "error" else None
        current.end(self.span, at_ns, self.ended_attributes, error=failed)

    def _end_once(self, more: dict[str, Any], encode: Callable[[Any], bytes], value: Any) -> None:
        """After Ctrl-C in the middle of recording an end: only the journal knows whether it was written."""
        if not self._recorder.holds("end", self.span_id):
            self._write_end(more, encode, value)

    def cut_short(self, error: BaseException) -> None:
        """After Ctrl-C in the middle of beginning: end the call if it began."""
        if (span := getattr(self, "span_id", None)) and self._recorder.holds("start", span):
            self.fail(error)
        else:
            self.let_go()

    def _encode(self, value: Any) -> bytes:
        if self.hidden.outputs:
            return PAYLOAD
        return self._recorder.payload(value, self._redactor, may_pickle=self._may_pickle)

    def _total(self, returned: Any) -> bytes:
        if self.hidden.outputs:
            return PAYLOAD
        if self.total is not None:
            return self._encode(self.total())
        encoded = None if returned is None else self._encode(returned)
        if self._stream is not None:
            return self._stream.total(self._encode, returned=encoded)
        return b"null" if encoded is None else total_of((), self._encode, returned=encoded)
