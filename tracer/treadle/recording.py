"""What writes the records of one process: its journal, key and redaction, and the lines of the hot path.

Lines are formatted around payloads that are already JSON: a dictionary dumped whole costs a second walk.
"""

import itertools
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

import orjson

from treadle import guard, stack
from treadle.blobs import Blobs, read_blob
from treadle.failure import Passing, describe
from treadle.functions import Traced, cells_of
from treadle.hiding import chosen_hiding
from treadle.journal import Journal, opening
from treadle.names import writable
from treadle.settings import Settings
from treadle.signing import load_key, sign_end, sign_start, signer_of, told_attributes
from treadle.sources import Sources
from treadle.values.encode import plain_json, walked
from treadle.values.redact import Redactor

if TYPE_CHECKING:
    from treadle.call import Call
    from treadle.otel.forward import Forwarder

LOOK_EVERY_NS = 100_000_000
"""How often it is asked whether somebody has removed the store, as people do while a notebook or a server runs, and
whether the recursion limit is still raised for what has long returned."""
LONGEST_FORWARDED = 1_000_000
"""Bytes of a long text: a collector takes a few million of a whole request."""
_START, _END, _CHUNK = map(opening, ("start", "end", "chunk"))
Recorded = tuple[bytes, str | None]
"""Tagged JSON, and why it cannot be revived where it cannot: what `Encoded` is, at a third of its cost."""
OWN_FOLDER = str(Path(__file__).parent)
"""Frames in it are the wrappers: no stack shows them."""


class Recorder:
    """Writes the records of one process."""

    __slots__ = (
        "_blobs",
        "_forwarder",
        "_functions",
        "_look_again_ns",
        "_numbers",
        "_passing",
        "_share",
        "_signer",
        "_sources",
        "_token",
        "hiding",
        "journal",
        "redactor",
        "store",
        "takes_all",
    )

    def __init__(self, store: Path, chosen: Settings, *, hold: str | None, forwarder: "Forwarder | None") -> None:
        self.store = store
        self.hiding = chosen_hiding(chosen)
        self.redactor = Redactor(chosen.redact)
        key = load_key(create=True)
        self._signer = signer_of(key) if key is not None else None
        self.journal = Journal(
            store, program=chosen.program, signer=self._signer, fsync=chosen.fsync, hold=hold, redactor=self.redactor
        )
        self._blobs = Blobs(store, fsync=chosen.fsync)
        self._look_again_ns = 0
        self._passing = Passing()
        self._sources = Sources(self.journal, self.redactor, self._signer)
        self._token = object()
        """What functions remember this recorder by, without keeping its journal open."""
        self._functions: dict[bytes, tuple[str, str]] = {}
        self._numbers = itertools.count()
        self._share = chosen.sample
        self.takes_all = chosen.sample >= 1
        """Whether no trace is left out."""
        self._forwarder = forwarder

    def takes(self, trace_id: str) -> bool:
        """Tell whether a trace is recorded: by its id, so that every process decides alike.

        The rule is OpenTelemetry's `TraceIdRatioBased`: the lower 64 bits below that share of all.
        """
        return int(trace_id[16:], 16) < self._share * 2**64

    def describe(self, error: BaseException, redactor: Redactor, *, hidden: bool) -> dict[str, Any]:
        """Return what is recorded of an exception."""
        brief = self._passing.is_long_known(error)
        failure = guard.attempt(lambda: describe(error, redactor, own_folder=OWN_FOLDER, hidden=hidden, brief=brief))
        return failure or {"type": type(error).__qualname__, "message": ""}

    def encode(self, value: Any, redactor: Redactor, *, may_pickle: bool = False) -> Recorded:
        """Return a value as it is recorded; what is long in it is on disk by then."""
        payload = plain_json(value, redactor)
        if payload is not None:
            return payload, None
        encoded = walked(value, redactor, keep=self._blobs.keep, may_pickle=may_pickle)
        return encoded.payload, encoded.why

    def payload(self, value: Any, redactor: Redactor, *, may_pickle: bool = False) -> bytes:
        """Return it likewise, where nobody asks whether it can be revived."""
        payload = plain_json(value, redactor)
        if payload is not None:
            return payload
        return walked(value, redactor, keep=self._blobs.keep, may_pickle=may_pickle).payload

    def encode_cells(self, traced: Traced, redactor: Redactor) -> Recorded:
        """Return what a function was made over, as it is now: a replay binds it to that again."""
        cells = {name: held for name, held in cells_of(traced.function).items() if name not in traced.ignore}
        payload, why = self.encode(cells, redactor)
        return payload, f"its variable {why}" if why else None

    def start(self, call: "Call", payload: bytes, why: str | None, cells: bytes = b"") -> None:
        """Write that a call begins, with what it was given, and what its function was made over."""
        if call.started_at_ns > self._look_again_ns:
            self._look_again_ns = call.started_at_ns + LOOK_EVERY_NS
            stack.settle()
            self.journal.go_on_if_gone()
        if self._forwarder is not None:
            call.payload = payload
        number, function = self._named(call.traced) if call.traced is not None else ("", writable(call.name))
        more = call.origin()
        if call.attributes:
            more["attrs"] = call.attributes
        if why is not None:
            more["why"] = why
        parent = call.parent.span_id if call.parent is not None else ""
        under = f',"parent":"{parent}"' if parent else ""
        signed = ""
        if self._signer is not None:
            signature = sign_start(
                self._signer,
                process=self.journal.process_id,
                trace=call.trace_id,
                span=call.span_id,
                place=f"{parent} {call.kind} {call.ordinal}",
                function=function,
                payload=payload,
                cells=cells,
            )
            signed = f',"sig":"{signature}"'
        if cells:
            signed = f'{signed},"cells_bytes":{len(cells)},"cells":{cells.decode()}'
        head = (
            f'{_START}{next(self.journal.ordinals)},"t":{call.started_at_ns}'
            f',"trace":"{call.trace_id}","span":"{call.span_id}"'
            f'{_named_as(call.name, call.kind)},"ord":"{call.ordinal}","thread":{get_ident()}'
            f'{number}{under}{_members(more) if more else ""}{signed},"bytes":{len(payload)},"in":'
        )
        self.journal.write(b"".join((head.encode(), payload, b"}\n")))

    def end(self, call: "Call", at_ns: int, more: dict[str, Any], payload: bytes) -> None:
        """Write that a call ended, with what came back."""
        signed = ""
        if self._signer is not None:
            signature = sign_end(
                self._signer,
                trace=call.trace_id,
                span=call.span_id,
                status=more["status"],
                chunks_digest=more.get("chunks_digest", ""),
                payload=payload,
                attributes=None if call.traced is not None else _told(call, more),
            )
            signed = f',"sig":"{signature}"'
        head = (
            f'{_END}{next(self.journal.ordinals)},"t":{at_ns},"trace":"{call.trace_id}","span":"{call.span_id}"'
            f'{_OK_MEMBERS if more == _OK else _members(more)}{signed},"bytes":{len(payload)},"out":'
        )
        self.journal.write(b"".join((head.encode(), payload, b"}\n")))
        if self._forwarder is not None:
            self._forwarder.send(call, at_ns, more=more, output=payload, load=self._beginning_of)

    def _beginning_of(self, name: str) -> bytes:
        return read_blob(self.store, name)[:LONGEST_FORWARDED]

    def holds(self, kind: str, span: str) -> bool:
        """Tell whether a record of this kind is among the last that were written: asked after Ctrl-C."""
        return self.journal.holds(kind, span)

    def link(self, call: "Call", *, rel: str, to_trace: str, to_span: str) -> None:
        """Write that a call's trace stands in a relation to a step of another."""
        self.journal.record("link", trace=call.trace_id, span=call.span_id, rel=rel, to_trace=to_trace, to_span=to_span)

    def chunk(self, call: "Call", at_ns: int, payload: bytes) -> None:
        """Write one chunk of a stream."""
        head = f'{_CHUNK}{next(self.journal.ordinals)},"t":{at_ns},"trace":"{call.trace_id}","span":"{call.span_id}"'
        self.journal.write(b'%b,"chunks":[[%d,%b]]}\n' % (head.encode(), at_ns, payload))

    def _named(self, traced: Traced) -> tuple[str, str]:
        """Return what a start record says of a function, and what is signed of it."""
        if self._sources.shell is not None:
            guard.attempt(self._sources.keep_new_cells)
        known = traced.recorded_as
        if known is None or known[0] is not self._token:
            known = traced.recorded_as = (self._token, *self._function(traced))
        return known[1], known[2]

    def _function(self, traced: Traced) -> tuple[str, str]:
        """Describe a function, once however often one like it is decorated anew."""
        fields = traced.fields
        file = fields["file"]
        if file is not None:
            guard.attempt(lambda: self._sources.keep(file))
        described = orjson.dumps(fields)
        known = self._functions.get(described)
        if known is None:
            number = next(self._numbers)
            known = (f',"f":{number}', f"{fields['module']}:{fields['qualname']}")
            # Named only once it is written; two threads may describe it twice, under two numbers.
            self.journal.record_for_all("function", f=number, **fields)
            self._functions[described] = known
        return known


_OK, _OK_MEMBERS = {"status": "ok"}, ',"status":"ok"'
"""All that nearly every end record says."""


def _told(call: "Call", more: dict[str, Any]) -> bytes | None:
    return told_attributes(call.kind, {**call.attributes, **more.get("attrs", {})}, has_function=False)


def _members(fields: dict[str, Any]) -> str:
    """Return the members of an object, to be set behind others."""
    return f",{orjson.dumps(fields)[1:-1].decode()}" if fields else ""


@lru_cache(maxsize=1024)
def _named_as(name: str, kind: str) -> str:
    """Return the members that name a step: most are met again."""
    return _members({"name": writable(name), "kind": writable(kind)})
