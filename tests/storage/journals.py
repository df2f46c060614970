"""Journals as a traced program would leave them, written by hand, byte for byte as `docs/journal.md` says.

`JournalWriter` writes single records for tests; `write_long_trace` a trace of any size, fast, for tests and benchmarks.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from treadle_storage.store import Store

START_NS = 1_790_000_000_000_000_000


def trace_id(number: int) -> str:
    """Return a trace id that looks like a real one, spread over the whole range."""
    return blake2b(b"trace %d" % number, digest_size=16).hexdigest()


def span_id(number: int) -> str:
    """Return a span id likewise."""
    return blake2b(b"span %d" % number, digest_size=8).hexdigest()


class JournalWriter:
    """One process's journal, locked while it is open, with a clock that ticks a millisecond a record."""

    def __init__(
        self,
        store: Path,
        *,
        process: str = "00000000000000aa",
        start_ns: int = START_NS,
        prefix: str = "",
        **fields: Any,
    ) -> None:
        folder = store / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        self.process = process
        self.path = folder / f"{prefix}{start_ns}-4242-{process}.0.ndjson"
        self._file = self.path.open("ab", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._ordinals = itertools.count()
        self.now_ns = start_ns
        self.record(
            "process", process=process, pid=4242, argv=["app.py"], cwd="/home/me/app", python="3.11.9",
            executable="/usr/bin/python3", host="here", treadle="0.1.0", service="shop",
            main={"file": "/home/me/app/app.py"},
            path=["/home/me/app"], **fields,
        )  # fmt: skip

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal and free its lock, as the end of the process does."""
        self._file.close()

    def raw(self, data: bytes) -> int:
        """Append bytes as they are; return the offset where they begin."""
        offset = os.fstat(self._file.fileno()).st_size
        self._file.write(data)
        return offset

    def record(
        self, record_kind: str, /, *, payload: tuple[str, bytes] | None = None, at_ns: int | None = None, **fields: Any
    ) -> int:
        """Append one record; return the offset where it begins."""
        return self.raw(self.line(record_kind, payload=payload, at_ns=at_ns, **fields))

    def line(
        self, record_kind: str, /, *, payload: tuple[str, bytes] | None = None, at_ns: int | None = None, **fields: Any
    ) -> bytes:
        """Return one record's line."""
        if at_ns is None:
            self.now_ns += 1_000_000
            at_ns = self.now_ns
        body = {"v": 1, "r": record_kind, "n": next(self._ordinals), "t": at_ns}
        body |= {name: value for name, value in fields.items() if value is not None and value != {}}
        if payload is None:
            return orjson.dumps(body) + b"\n"
        name, data = payload
        body["bytes"] = len(data)
        return orjson.dumps(body)[:-1] + b',"%s":%s}\n' % (name.encode(), data)

    def function(self, number: int, qualname: str, *, module: str = "app", flavour: str = "sync") -> int:
        """Append a function record."""
        return self.record(
            "function", f=number, module=module, qualname=qualname, file=f"/home/me/app/{module}.py",
            line=10 * number + 1,
            hash="abc", flavour=flavour, params=[["question", "pk"]],
        )  # fmt: skip

    def start(
        self, span: str, name: str, *, trace: str = trace_id(1), parent: str | None = None, kind: str = "chain",
        arguments: Any = None, tagged: bytes | None = None, attrs: dict[str, Any] | None = None, **fields: Any,
    ) -> int:  # fmt: skip
        """Append a start record."""
        data = tagged if tagged is not None else orjson.dumps({} if arguments is None else arguments)
        return self.record(
            "start", payload=("in", data), trace=trace, span=span, parent=parent, name=name, kind=kind,
            **{"thread": 1, "ord": "0", "attrs": attrs, **fields},
        )  # fmt: skip

    def end(
        self, span: str, *, trace: str = trace_id(1), status: str = "ok", result: Any = None,
        tagged: bytes | None = None, attrs: dict[str, Any] | None = None, **fields: Any,
    ) -> int:  # fmt: skip
        """Append an end record."""
        data = tagged if tagged is not None else orjson.dumps(result)
        return self.record("end", payload=("out", data), trace=trace, span=span, status=status, attrs=attrs, **fields)

    def chunks(self, span: str, values: list[Any], *, trace: str = trace_id(1)) -> int:
        """Append a chunk record."""
        first_ns = self.now_ns
        return self.record("chunk", trace=trace, span=span, chunks=[[first_ns + i, v] for i, v in enumerate(values)])


def chat_request(question: str, *, model: str = "gpt-4o") -> dict[str, Any]:
    """Return the arguments of a chat completion."""
    system = {"role": "system", "content": "You answer in one sentence."}
    return {"model": model, "messages": [system, {"role": "user", "content": question}], "temperature": 0.2}


def chat_answer(answer: str) -> bytes:
    """Return a chat completion as the codec tags it."""
    message = {"role": "assistant", "content": answer}
    value = {"id": "c1", "model": "gpt-4o-2024", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    return orjson.dumps({"$": "pydantic", "type": "openai.types.chat:ChatCompletion", "v": value})


CHAT_ATTRS = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
USAGE_ATTRS = {
    "gen_ai.response.model": "gpt-4o-2024", "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100,
}  # fmt: skip


def write_example(writer: JournalWriter, *, trace: str = trace_id(1)) -> None:
    """Record a chain of four steps: retrieve, an answer of a model, and a parse that fails and is caught."""
    root, retrieve, call, parse = (span_id(int(trace[:6], 16) * 10 + number) for number in range(4))
    writer.function(1, "answer")
    writer.start(root, "answer", trace=trace, f=1, arguments={"question": "Where is Oslo?"}, attrs={"session.id": "s1"})
    writer.start(retrieve, "retrieve", trace=trace, parent=root, kind="retriever", arguments={"query": "Oslo"})
    writer.end(retrieve, trace=trace, result=["Oslo is in Norway"])
    writer.start(
        call,
        "chat gpt-4o",
        trace=trace,
        parent=root,
        kind="llm",
        arguments=chat_request("Where is Oslo?"),
        attrs=CHAT_ATTRS,
    )
    writer.end(call, trace=trace, tagged=chat_answer("Sorry, in Norway."), attrs=USAGE_ATTRS)
    writer.start(parse, "parse", trace=trace, parent=root, arguments={"text": "Norway"})
    writer.end(
        parse, trace=trace, status="error",
        tagged=b'{"$":"exception","type":"builtins:ValueError","message":"no JSON"}',
        error={"type": "ValueError", "message": "no JSON", "stack": "Traceback ...", "frames": [
            {"file": "/home/me/app/app.py", "line": 3, "function": "parse", "source": "json.loads(text)",
             "locals": {}}]},
    )  # fmt: skip
    writer.end(root, trace=trace, result="Norway")


def record_example(store: Store, number: int = 1) -> str:
    """Record a chain of four steps as a program would that has ended; return its trace id."""
    trace = trace_id(number)
    with JournalWriter(store.path, process=f"{number:016x}") as writer:
        write_example(writer, trace=trace)
    return trace


def write_long_trace(
    store: Path, *, steps: int = 100_000, trace: str = trace_id(7), payload_bytes: int = 200,
    process: str = "00000000000000bb",
    start_ns: int = START_NS,
) -> str:  # fmt: skip
    """Write a finished journal with one trace of many steps; return the trace's id.

    A root, chains under it, and under each chain nine steps of several kinds, some of them deeper.
    """
    with JournalWriter(store, process=process, start_ns=start_ns) as writer:
        lines, now_ns = [], writer.now_ns
        filler = "lorem ipsum dolor sit amet " * (payload_bytes // 27 + 1)
        base = int(trace[:8], 16) << 32
        head = b'{"v":1,"r":"%s","n":%d,"t":%d,"trace":"%s","span":"%016x"'
        trace_bytes = trace.encode()
        kinds = (b"llm", b"tool", b"retriever", b"chain", b"span")
        ordinal = 1

        def start(number: int, parent: int | None, kind: bytes) -> None:
            nonlocal ordinal, now_ns
            now_ns += 1000
            data = orjson.dumps({"question": f"{number} {filler[:payload_bytes]}"})
            attrs = (
                b',"attrs":{"gen_ai.request.model":"gpt-4o","gen_ai.provider.name":"openai"}' if kind == b"llm" else b""
            )
            parents = b"" if parent is None else b',"parent":"%016x"' % (base + parent)
            lines.append(
                head % (b"start", ordinal, now_ns, trace_bytes, base + number) + parents
                + b',"name":"%s_%d","kind":"%s","thread":1,"ord":"%d"%s,"bytes":%d,"in":%s}\n'
                % (kind, number % 20, kind, number, attrs, len(data), data)
            )  # fmt: skip
            ordinal += 1

        def end(number: int, kind: bytes) -> None:
            nonlocal ordinal, now_ns
            now_ns += 1000
            data = orjson.dumps(f"answer {number} {filler[:payload_bytes]}")
            attrs = b""
            if kind == b"llm":
                attrs = b',"attrs":{"gen_ai.usage.input_tokens":%d,"gen_ai.usage.output_tokens":%d}' % (
                    number % 4000,
                    number % 900,
                )
            status = b"error" if number % 1000 == 999 else b"ok"
            lines.append(
                head % (b"end", ordinal, now_ns, trace_bytes, base + number)
                + b',"status":"%s"%s,"bytes":%d,"out":%s}\n' % (status, attrs, len(data), data)
            )
            ordinal += 1

        start(0, None, b"chain")
        chain = 0
        for number in range(1, steps):
            position = number % 10
            if position == 1:
                if chain:
                    end(chain, b"chain")
                chain = number
                start(chain, 0, b"chain")
            else:
                kind = kinds[position % 5]
                start(number, chain, kind)
                end(number, kind)
        if chain:
            end(chain, b"chain")
        end(0, b"chain")
        writer.raw(b"".join(lines))
    return trace
