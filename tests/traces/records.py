"""The journal of a made process: the lines that the tracer writes, formatted around payloads that are JSON already."""

from __future__ import annotations

import fcntl
import json
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from treadle.signing import Signer, load_key, sign, sign_process, signer_of

if TYPE_CHECKING:
    from .shape import Shape

PENDING_BYTES = 4 * 1024 * 1024
FUNCTIONS: tuple[tuple[str, str], ...] = (
    ("answer", "sync"), ("converse", "async"), ("retrieve", "sync"), ("embed", "sync"), ("lookup_order", "sync"),
    ("parse_answer", "sync"), ("moderate", "sync"), ("ask_claude", "gen"), ("Completions.create", "sync"),
)  # fmt: skip
_MODULE, _CLIENTS_MODULE = "desk", "openai.resources.chat.completions.completions"
_NUMBERS = {name: number for number, (name, _) in enumerate(FUNCTIONS)}
_CLIENTS = _NUMBERS["Completions.create"]
"""The function of a call that the patched client makes, which is named after the model."""
_FILE = "/home/me/desk/desk.py"


class ProcessJournal:
    """One process's records, in segments; the newest is locked until `close`."""

    def __init__(self, store: Path, *, process: int, pid: int, now_ns: int, segment_bytes: int) -> None:
        self._folder = store / "journal"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.process = b"%016x" % process
        self.now_ns = now_ns
        self.written_bytes = 0
        self.records = 0
        self._name = f"{now_ns}-{pid}-{self.process.decode()}"
        self._thread = 140_000_000_000_000 + pid * 4096
        self._segment_bytes = segment_bytes
        key = load_key(create=True)
        self._signer: Signer | None = None if key is None else signer_of(key)
        self._repeated = [(b"process", now_ns, self._described(pid))]
        self._repeated += [(b"function", now_ns + 1, self._function(number)) for number in range(len(FUNCTIONS))]
        self._lines: list[bytes] = []
        self._pending_bytes = 0
        self._segments = 0
        self._open_segment()

    def start(
        self, trace: bytes, span: int, parent: int | None, *, name: bytes, kind: bytes, place: bytes, arguments: bytes,
        attributes: bytes = b"",
    ) -> None:  # fmt: skip
        """Append a start record; one whose name is a function's is that function's call."""
        above = b"" if parent is None else b"%016x" % parent
        number = _CLIENTS if name.startswith(b"chat ") else _NUMBERS.get(name.decode())
        called = name if number is None else ":".join(_names(number)).encode()
        head = b"start\n%s\n%s\n%016x\n%s %s %s\n%s\n" % (self.process, trace, span, above, kind, place, called)
        self._append(
            b'{"v":1,"r":"start","n":%d,"t":%d,"trace":"%s","span":"%016x","name":"%s","kind":"%s","ord":"%s","thread":%d'
            b'%s%s%s%s,"bytes":%d,"in":%s}\n'
            % (
                self.records, self.now_ns, trace, span, name, kind, place, self._thread,
                b"" if number is None else b',"f":%d' % number, b',"parent":"%s"' % above if above else b"",
                b',"attrs":%s' % attributes if attributes else b"", self._signature(head, arguments),
                len(arguments), arguments,
            )
        )  # fmt: skip

    def end(
        self, trace: bytes, span: int, *, status: bytes = b"ok", result: bytes, more: bytes = b"",
        chunks_digest: bytes = b"",
    ) -> None:  # fmt: skip
        """Append an end record; `more` is members of it, each with a comma before it."""
        head = b"end\n%s\n%016x\n%s\n%s\n" % (trace, span, status, chunks_digest)
        self._append(
            b'{"v":1,"r":"end","n":%d,"t":%d,"trace":"%s","span":"%016x","status":"%s"%s%s,"bytes":%d,"out":%s}\n'
            % (
                self.records, self.now_ns, trace, span, status, more, self._signature(head, result),
                len(result), result,
            )
        )  # fmt: skip

    def chunks(self, trace: bytes, span: int, values: tuple[bytes, ...], *, every_ns: int) -> bytes:
        """Append a record for each chunk, and return the members that the end record has of them."""
        running = blake2b(digest_size=16)
        for value in values:
            self.now_ns += every_ns
            running.update(b"%d %s\n" % (self.now_ns, value))
            self._append(
                b'{"v":1,"r":"chunk","n":%d,"t":%d,"trace":"%s","span":"%016x","chunks":[[%d,%s]]}\n'
                % (self.records, self.now_ns, trace, span, self.now_ns, value)
            )
        return running.hexdigest().encode()

    def score(self, trace: bytes, *, name: bytes, value: float) -> None:
        """Append a score of a whole trace."""
        self._append(
            b'{"v":1,"r":"score","n":%d,"t":%d,"name":"%s","value":%s,"trace":"%s","source":"code"}\n'
            % (self.records, self.now_ns, name, json.dumps(value).encode(), trace)
        )

    def close(self) -> None:
        """Write what is left, and let go of the lock, as the end of the process does."""
        self._write()
        self._file.close()

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._pending_bytes += len(line)
        self.records += 1
        if self._pending_bytes > PENDING_BYTES:
            self._write()
        if self._segment_written + self._pending_bytes > self._segment_bytes:
            self._write()
            before = self._file
            self._open_segment()
            before.close()

    def _write(self) -> None:
        self._file.write(b"".join(self._lines))
        self._segment_written += self._pending_bytes
        self.written_bytes += self._pending_bytes
        self._lines, self._pending_bytes = [], 0

    def _open_segment(self) -> None:
        path = self._folder / f"{self._name}.{self._segments}.ndjson"
        self._segments += 1
        self._file = path.open("xb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._segment_written = 0
        for kind, at_ns, body in self._repeated:
            self._lines.append(b'{"v":1,"r":"%s","n":%d,"t":%d,%s\n' % (kind, self.records, at_ns, body))
            self._pending_bytes += len(self._lines[-1])
            self.records += 1

    def _described(self, pid: int) -> bytes:
        process = self.process.decode()
        fields: dict[str, Any] = {
            "process": process, "pid": pid, "argv": [_FILE], "cwd": "/home/me/desk", "python": "3.11.7",
            "executable": "/usr/bin/python3", "treadle": "0.1.0", "host": "here", "service": "desk",
            "main": {"file": _FILE}, "path": ["/home/me/desk", "/usr/lib/python3.11"], "git_commit": "0" * 40,
        }  # fmt: skip
        if self._signer is not None:
            fields["sig"] = sign_process(self._signer, process=process, launch=fields)
        return orjson.dumps(fields)[1:]

    def _function(self, number: int) -> bytes:
        module, name = _names(number)
        flavour = FUNCTIONS[number][1]
        return orjson.dumps(
            {"f": number, "module": module, "qualname": name, "file": _FILE, "line": 10 + 20 * number,
             "hash": f"{number:016x}", "flavour": flavour, "params": [["question", "pk"]]}
        )[1:]  # fmt: skip

    def _signature(self, head: bytes, payload: bytes) -> bytes:
        return b"" if self._signer is None else b',"sig":"%s"' % sign(self._signer, head, payload).encode()


def _names(number: int) -> tuple[str, str]:
    """Return the module and the name of a function."""
    return _CLIENTS_MODULE if number == _CLIENTS else _MODULE, FUNCTIONS[number][0]


def journals_of(store: Path, shape: Shape, processes: list[int]) -> list[ProcessJournal]:
    """Open the journals of a trace's processes; each started a little after the one before."""
    return [
        ProcessJournal(
            store, process=process, pid=4000 + number, now_ns=shape.start_ns + number * 1_000_000,
            segment_bytes=shape.segment_bytes,
        )
        for number, process in enumerate(processes)
    ]  # fmt: skip
