"""The recorder: this process's journal, key and redaction, and the lines that are written on the hot path.

Lines are formatted around payloads that are already JSON: a dictionary dumped whole costs a second walk.
"""

import itertools
import os
import threading
import weakref
from functools import lru_cache, partial
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

import orjson

from treadle import guard
from treadle.config import find_store
from treadle.errors import TreadleError
from treadle.functions import Traced
from treadle.journal import Journal
from treadle.settings import settings, when_changed
from treadle.signing import load_key, sign_end, sign_start
from treadle.values.redact import Redactor, UserRedaction

if TYPE_CHECKING:
    from treadle.call import Call


class Recorder:
    """Writes the records of one process."""

    __slots__ = ("_functions", "_key", "_numbers", "journal", "redactor", "store")

    def __init__(
        self, store: Path, *, redact: UserRedaction | None = None, program: dict[str, Any] | None = None
    ) -> None:
        self.store = store
        self._key = load_key(create=True)
        self.journal = Journal(store, program=program, key=self._key)
        self.redactor = Redactor(redact)
        self._functions: dict[int, tuple[str, str, weakref.ref[Traced]]] = {}
        self._numbers = itertools.count()

    def start(self, call: "Call", payload: bytes, why: str | None) -> None:
        """Write that a call begins, with what it was given."""
        number, function = self._function(call.traced) if call.traced is not None else ("", call.name)
        more = call.origin()
        if call.attributes:
            more["attrs"] = call.attributes
        if why is not None:
            more["why"] = why
        named = f',"name":{_quoted(call.name)},"kind":{_quoted(call.kind)}'
        place = f'{named},"ord":"{call.ordinal}","thread":{get_ident()}{number}'
        if call.parent is not None:
            place = f'{place},"parent":"{call.parent.span_id}"'
        signature = None
        if self._key is not None:
            signature = sign_start(
                self._key,
                process=self.journal.process_id,
                trace=call.trace_id,
                span=call.span_id,
                place=f"{call.parent.span_id if call.parent is not None else ''} {call.kind} {call.ordinal}",
                function=function,
                payload=payload,
            )
        self._write("start", call, call.started_at_ns, place + _members(more), signature, "in", payload)

    def end(self, call: "Call", at_ns: int, more: dict[str, Any], payload: bytes) -> None:
        """Write that a call ended, with what came back."""
        signature = None
        if self._key is not None:
            signature = sign_end(
                self._key,
                trace=call.trace_id,
                span=call.span_id,
                status=more["status"],
                chunks_digest=more.get("chunks_digest", ""),
                payload=payload,
            )
        self._write("end", call, at_ns, _members(more), signature, "out", payload)

    def chunk(self, call: "Call", at_ns: int, payload: bytes) -> None:
        """Write one chunk of a stream."""
        head = self.journal.head("chunk", at_ns)
        ids = f'"trace":"{call.trace_id}","span":"{call.span_id}"'
        self.journal.write(b"%b%b]]}\n" % (f'{head},{ids},"chunks":[[{at_ns},'.encode(), payload))

    def _write(
        self, kind: str, call: "Call", at_ns: int, members: str, signature: str | None, key: str, payload: bytes
    ) -> None:
        signed = f',"sig":"{signature}"' if signature is not None else ""
        line = (
            f'{self.journal.head(kind, at_ns)},"trace":"{call.trace_id}","span":"{call.span_id}"{members}{signed}'
            f',"bytes":{len(payload)},"{key}":'
        )
        self.journal.write(b"%b%b}\n" % (line.encode(), payload))

    def _function(self, traced: Traced) -> tuple[str, str]:
        """Return what a start record says of a function, and what is signed of it."""
        known = self._functions.get(id(traced))
        if known is None:
            fields = traced.fields
            number = next(self._numbers)
            known = (
                f',"f":{number}',
                f"{fields['module']}:{fields['qualname']}",
                weakref.ref(traced, partial(self._forget, id(traced))),
            )
            # Named only once it is written; two threads may describe it twice, under two numbers.
            self.journal.record("function", f=number, **fields)
            self._functions[id(traced)] = known
        return known[:2]

    def _forget(self, identity: int, _gone: "weakref.ref[Traced]") -> None:
        """Hold no function: it would hold its module's globals, and they would not die when the program ends."""
        self._functions.pop(identity, None)


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
_opening = threading.RLock()
"""Held while the journal is opened: a thread that begins in the same moment waits, a signal handler does not."""


def reopen() -> None:
    """Close the journal; the next call opens one as the settings say by then."""
    global _recorder, _broken
    if _recorder is not None:
        _recorder.journal.close()
    _recorder, _broken = None, False


when_changed(reopen)


def recorder() -> Recorder | None:
    """Return this process's recorder, opened by the first call that asks; None where it cannot record."""
    if _recorder is None and not _broken:
        with _opening:
            _open()
    return _recorder


def _open() -> None:
    global _recorder, _broken
    if _recorder is not None or _broken:
        return
    try:
        chosen = settings()
        _recorder = Recorder(find_store(chosen.store), redact=chosen.redact, program=chosen.program)
    except (TreadleError, OSError, RuntimeError) as error:
        _broken = True
        guard.report(error)


def _forget_in_child() -> None:
    """After a fork: close the parent's journal without unlocking it; the child's first call opens its own."""
    global _recorder, _opening
    _opening = threading.RLock()
    if _recorder is not None:
        _recorder.journal.close()
    _recorder = None


os.register_at_fork(after_in_child=_forget_in_child)
