"""The recorder: this process's journal, key and redaction, and the lines that are written on the hot path.

Lines are formatted around payloads that are already JSON: a dictionary dumped whole costs a second walk.
"""

import itertools
import os
import threading
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

import orjson

from treadle import guard
from treadle.blobs import Blobs
from treadle.config import find_store
from treadle.errors import TreadleError
from treadle.failure import describe
from treadle.functions import Traced
from treadle.hiding import chosen_hiding
from treadle.journal import Journal
from treadle.settings import Settings, settings, when_changed
from treadle.signing import load_key, sign_end, sign_start
from treadle.sources import Sources
from treadle.values.encode import Encoded, encode
from treadle.values.redact import Redactor

if TYPE_CHECKING:
    from treadle.call import Call
    from treadle.otel.forward import Forwarder

OWN_FOLDER = str(Path(__file__).parent)
"""Frames in it are the wrappers: no stack shows them."""


class Recorder:
    """Writes the records of one process."""

    __slots__ = (
        "_forwarder",
        "_functions",
        "_keep",
        "_key",
        "_numbers",
        "_share",
        "_sources",
        "_token",
        "hiding",
        "journal",
        "redactor",
        "store",
        "takes_all",
    )

    def __init__(self, store: Path, chosen: Settings, *, held: bool = False) -> None:
        self.store = store
        self.hiding = chosen_hiding(chosen)
        self.redactor = Redactor(chosen.redact)
        self._key = load_key(create=True)
        self.journal = Journal(
            store, program=chosen.program, key=self._key, fsync=chosen.fsync, held=held, redactor=self.redactor
        )
        self._keep = Blobs(store, fsync=chosen.fsync).keep
        self._sources = Sources(self.journal, self.redactor, self._key)
        self._token = object()
        """What functions remember this recorder by, without keeping its journal open."""
        self._functions: dict[bytes, tuple[str, str]] = {}
        self._numbers = itertools.count()
        self._share = chosen.sample
        self.takes_all = chosen.sample >= 1
        """Whether no trace is left out."""
        self._forwarder = guard.attempt(lambda: _forwarder(chosen.forward))

    def takes(self, trace_id: str) -> bool:
        """Tell whether a trace is recorded: by its id, so that every process decides alike.

        The rule is OpenTelemetry's `TraceIdRatioBased`: the lower 64 bits below that share of all.
        """
        return int(trace_id[16:], 16) < self._share * 2**64

    def describe(self, error: BaseException, redactor: Redactor, *, hidden: bool) -> dict[str, Any]:
        """Return what is recorded of an exception."""
        failure = guard.attempt(lambda: describe(error, redactor, own_folder=OWN_FOLDER, hidden=hidden))
        return failure or {"type": type(error).__qualname__, "message": ""}

    def encode(self, value: Any, redactor: Redactor, *, may_pickle: bool = False) -> Encoded:
        """Return a value as it is recorded; what is long in it is on disk by then."""
        return encode(value, redactor, keep=self._keep, may_pickle=may_pickle)

    def start(self, call: "Call", payload: bytes, why: str | None) -> None:
        """Write that a call begins, with what it was given."""
        if self._forwarder is not None:
            call.payload = payload
        number, function = self._named(call.traced) if call.traced is not None else ("", call.name)
        more = call.origin()
        if call.attributes:
            more["attrs"] = call.attributes
        if why is not None:
            more["why"] = why
        parent = call.parent.span_id if call.parent is not None else ""
        signed = "" if self._key is None else self._start_signature(call, parent, function, payload)
        under = f',"parent":"{parent}"' if parent else ""
        head = (
            f'{self.journal.head("start", call.started_at_ns)},"trace":"{call.trace_id}","span":"{call.span_id}"'
            f',"name":{_quoted(call.name)},"kind":{_quoted(call.kind)},"ord":"{call.ordinal}","thread":{get_ident()}'
            f'{number}{under}{_members(more)}{signed},"bytes":{len(payload)},"in":'
        )
        self.journal.write(b"".join((head.encode(), payload, b"}\n")))

    def _start_signature(self, call: "Call", parent: str, function: str, payload: bytes) -> str:
        assert self._key is not None
        signature = sign_start(
            self._key,
            process=self.journal.process_id,
            trace=call.trace_id,
            span=call.span_id,
            place=f"{parent} {call.kind} {call.ordinal}",
            function=function,
            payload=payload,
        )
        return f',"sig":"{signature}"'

    def end(self, call: "Call", at_ns: int, more: dict[str, Any], payload: bytes) -> None:
        """Write that a call ended, with what came back."""
        signed = ""
        if self._key is not None:
            signature = sign_end(
                self._key,
                trace=call.trace_id,
                span=call.span_id,
                status=more["status"],
                chunks_digest=more.get("chunks_digest", ""),
                payload=payload,
            )
            signed = f',"sig":"{signature}"'
        head = (
            f'{self.journal.head("end", at_ns)},"trace":"{call.trace_id}","span":"{call.span_id}"'
            f'{_members(more)}{signed},"bytes":{len(payload)},"out":'
        )
        self.journal.write(b"".join((head.encode(), payload, b"}\n")))
        if self._forwarder is not None:
            self._forwarder.send(call, at_ns, more=more, output=payload)

    def holds(self, kind: str, span: str) -> bool:
        """Tell whether a record of this kind is among the last that were written: asked after Ctrl-C."""
        return self.journal.holds(kind, span)

    def link(self, call: "Call", *, rel: str, to_trace: str, to_span: str) -> None:
        """Write that a call's trace stands in a relation to a step of another."""
        self.journal.record("link", trace=call.trace_id, span=call.span_id, rel=rel, to_trace=to_trace, to_span=to_span)

    def chunk(self, call: "Call", at_ns: int, payload: bytes) -> None:
        """Write one chunk of a stream."""
        head = self.journal.head("chunk", at_ns)
        ids = f'"trace":"{call.trace_id}","span":"{call.span_id}"'
        self.journal.write(b"%b%b]]}\n" % (f'{head},{ids},"chunks":[[{at_ns},'.encode(), payload))

    def _named(self, traced: Traced) -> tuple[str, str]:
        """Return what a start record says of a function, and what is signed of it."""
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


def _forwarder(url: str | None) -> "Forwarder | None":
    if url is None:
        return None
    if url not in _forwarders:
        from treadle.otel.forward import Forwarder

        _forwarders[url] = Forwarder(url)
    return _forwarders[url]


_OK = {"status": "ok"}
"""All that nearly every end record says."""


def _members(fields: dict[str, Any]) -> str:
    """Return the members of an object, to be set behind others."""
    if fields == _OK:
        return ',"status":"ok"'
    return f",{orjson.dumps(fields)[1:-1].decode()}" if fields else ""


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    """Return a name as JSON: most are met again."""
    return orjson.dumps(text).decode()


_recorder: Recorder | None = None
_broken = False
_forwarders: dict[str, "Forwarder"] = {}
"""By the collector's URL: the same one for each journal that is opened while the settings are the same."""
_held: list[Journal] | None = None
"""The journals that were opened since `hold`; None: readers see what is opened."""
_parents_store: Path | None = None
"""Where the process that forked this one recorded: looked for again, it may be another by now."""
_opening = threading.RLock()
"""Held while the journal is opened: a thread that begins in the same moment waits, a signal handler does not."""


def reopen() -> None:
    """Have the next call open a journal, as the settings say by then; this one closes when its calls have ended."""
    global _parents_store
    for forwarder in _forwarders.values():
        forwarder.close()
    _forwarders.clear()
    _parents_store = None
    _leave()


def _leave() -> None:
    global _recorder, _broken
    _recorder, _broken = None, False


when_changed(reopen)


def hold() -> None:
    """Write from now on where no reader looks, until `release` says what becomes of it."""
    global _held
    _held = []
    _leave()


def release(*, keep: bool) -> None:
    """Show readers what was written since `hold`, or drop it; what is written from now on they see at once."""
    global _held
    held, _held = _held or [], None
    _leave()
    for journal in held:
        guard.attempt(journal.keep if keep else journal.drop)


def recorder() -> Recorder | None:
    """Return this process's recorder, opened by the first call that asks; None where it cannot record."""
    if _recorder is None and not _broken:
        with _opening:
            _open()
    return _recorder


def open_store() -> Path | None:
    """Return the store that this process records into, if it does by now."""
    return _recorder.store if _recorder is not None else _parents_store


def _open() -> None:
    global _recorder, _broken
    if _recorder is not None or _broken:
        return
    try:
        chosen = settings()
        _recorder = Recorder(_parents_store or find_store(chosen.store), chosen, held=_held is not None)
        if _held is not None:
            _held.append(_recorder.journal)
    except (TreadleError, OSError, RuntimeError) as error:
        _broken = True
        guard.report(error)


def _forget_in_child() -> None:
    """After a fork: leave the parent's journal without unlocking it; the child's first call opens its own."""
    global _recorder, _opening, _held, _parents_store
    _opening = threading.RLock()
    if _recorder is not None:
        _parents_store = _recorder.store
        _recorder.journal.abandon()
    _recorder = _held = None
    _forwarders.clear()


os.register_at_fork(after_in_child=_forget_in_child)
