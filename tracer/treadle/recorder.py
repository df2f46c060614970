"""The recorder: this process's journal, key and redaction, and the lines that are written on the hot path.

Lines are formatted around payloads that are already JSON: a dictionary dumped whole costs a second walk.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from treadle import guard
from treadle.codec.redact import Redactor, UserRedaction
from treadle.config import find_store
from treadle.errors import TreadleError
from treadle.functions import Traced
from treadle.journal import Journal
from treadle.signing import load_key, sign_end, sign_start

if TYPE_CHECKING:
    from treadle.call import Call


class Recorder:
    """Writes the records of one process."""

    __slots__ = ("_functions", "_key", "journal", "redactor", "store")

    def __init__(
        self, store: Path, *, redact: UserRedaction | None = None, program: dict[str, Any] | None = None
    ) -> None:
        self.store = store
        self.journal = Journal(store, program=program)
        self.redactor = Redactor(redact)
        self._key = load_key(create=True)
        self._functions: dict[Traced, tuple[int, str]] = {}

    def start(self, call: "Call", payload: bytes, why: str | None) -> None:
        """Write that a call begins, with what it was given."""
        number, function = self._function(call.traced) if call.traced is not None else (None, call.name)
        more: dict[str, Any] = {"name": call.name, "kind": call.kind, "ord": call.ordinal, **call.origin()}
        if number is not None:
            more["f"] = number
        if call.attributes:
            more["attrs"] = call.attributes
        if why is not None:
            more["why"] = why
        if self._key is not None:
            more["sig"] = sign_start(
                self._key, trace=call.trace_id, span=call.span_id, function=function, payload=payload
            )
        self._write("start", call, call.started_at_ns, more, b"in", payload)

    def end(self, call: "Call", at_ns: int, more: dict[str, Any], payload: bytes) -> None:
        """Write that a call ended, with what came back."""
        if self._key is not None:
            more["sig"] = sign_end(
                self._key,
                trace=call.trace_id,
                span=call.span_id,
                status=more["status"],
                chunks_digest=more.get("chunks_digest", ""),
                payload=payload,
            )
        self._write("end", call, at_ns, more, b"out", payload)

    def chunk(self, call: "Call", at_ns: int, payload: bytes) -> None:
        """Write one chunk of a stream."""
        ids = b',"trace":"%b","span":"%b"' % (call.trace_id.encode(), call.span_id.encode())
        self.journal.write(b'%b%b,"chunks":[[%d,%b]]}\n' % (self.journal.head("chunk", at_ns), ids, at_ns, payload))

    def _write(self, kind: str, call: "Call", at_ns: int, more: dict[str, Any], key: bytes, payload: bytes) -> None:
        ids = b',"trace":"%b","span":"%b",' % (call.trace_id.encode(), call.span_id.encode())
        middle = orjson.dumps(more)[1:-1]
        tail = b',"bytes":%d,"%b":%b}\n' % (len(payload), key, payload)
        self.journal.write(self.journal.head(kind, at_ns) + ids + middle + tail)

    def _function(self, traced: Traced) -> tuple[int, str]:
        known = self._functions.get(traced)
        if known is None:
            fields = traced.fields
            known = (len(self._functions), f"{fields['module']}:{fields['qualname']}")
            self._functions[traced] = known
            self.journal.record("function", f=known[0], **fields)
        return known


_recorder: Recorder | None = None
_broken = False
_settings: dict[str, Any] = {"store": None, "redact": None, "program": None}
"""`program`: fields of the process record that are not this process's own, in a replay and under `treadle run`."""


def configure(**settings: Any) -> None:
    """Change where and how this process records; takes effect with the next journal that it opens."""
    global _recorder, _broken
    _settings.update(settings)
    if _recorder is not None:
        _recorder.journal.close()
    _recorder, _broken = None, False


def recorder() -> Recorder | None:
    """Return this process's recorder, opened by the first call that asks; None where it cannot record."""
    global _recorder, _broken
    if _recorder is None and not _broken:
        try:
            store = find_store(_settings["store"])
            _recorder = Recorder(store, redact=_settings["redact"], program=_settings["program"])
        except TreadleError as error:
            _broken = True
            guard.report(error)
    return _recorder


def _forget_in_child() -> None:
    """After a fork: close the parent's journal without unlocking it; the child's first call opens its own."""
    global _recorder
    if _recorder is not None:
        _recorder.journal.close()
    _recorder = None


os.register_at_fork(after_in_child=_forget_in_child)
