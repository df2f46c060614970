"""The store that `docs/sql.md` asks: two days of a support desk, with everything in it that a question is about."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import orjson

from storage.journals import JournalWriter, chat_request, span_id, trace_id

MONDAY_NS = 1_790_000_000_000_000_000 // 86_400_000_000_000 * 86_400_000_000_000
_MS = 1_000_000
_PAGES = ("reset-password", "change-address", "refunds")


def write_desk(store: Path) -> None:
    """Record eight requests, one of them replayed, over two days."""
    desk = _Desk(store)
    for number in range(7):
        desk.answer(number)
    desk.replay(of=6)
    desk.writer.close()


class _Desk:
    """Writes requests, each of five steps or more."""

    def __init__(self, store: Path) -> None:
        self.writer = JournalWriter(store, start_ns=MONDAY_NS, git={"commit": "4f2a9c1", "dirty": False})
        self._spans = itertools.count(1)

    def answer(self, number: int) -> None:
        """Record one request; every third fails at its end, the second retries, the fourth catches a tool's error."""
        trace = trace_id(number + 1)
        at_ms = (number // 4) * 86_400_000 + 32_400_000 + number * 60_000
        model = "gpt-4o" if number % 2 else "gpt-4o-mini"
        failed = number % 3 == 0 and number > 0
        took_ms = 900 + number * 110
        question = f"How do I change my password? Case {number}. " + "I tried twice. " * (number // 4 * number)
        visitor = {"session.id": f"visit-{number // 2}", "user.id": "ann" if number < 4 else "bob"}
        root = self._start(trace, "answer", at_ms, arguments={"question": question}, attrs=visitor)
        page = _PAGES[number % 2]
        found = [{"id": page, "text": f"About {page}."}, {"id": "refunds", "text": "About refunds."}]
        self._step(
            trace, "find_passages", at_ms + 10, 20 + number, root,
            kind="retriever", arguments={"query": question}, result=found,
        )  # fmt: skip
        ticket = self._start(trace, "look_up", at_ms + 50, parent=root, kind="tool", arguments={"case": number})
        if number == 3:
            self._end(trace, ticket, at_ms + 350, error=("TimeoutError", "no answer in 300 ms"))
        else:
            self._end(trace, ticket, at_ms + 60 + 12 * number, result={"case": number, "state": "open"})
        if number == 1:
            busy = self._chat(trace, at_ms + 160, 90, root, model, question)
            self._end(trace, busy, at_ms + 250, error=("RateLimitError", "429: slow down"))
        call = self._chat(trace, at_ms + 400, 0, root, model, question)
        said = f"Open {page} and follow the link. Reference R-{number}."
        self._chunks(trace, call, at_ms + 520 + 30 * number, said)
        message = {"role": "assistant", "content": said}
        self._end(
            trace, call, at_ms + took_ms - 40,
            usage=(300 + 150 * number, 40 + 5 * number, 200 if number > 4 else 0),
            result={"choices": [{"index": 0, "finish_reason": "stop", "message": message}]},
        )  # fmt: skip
        parsed = self._start(trace, "parse", at_ms + took_ms - 30, parent=root, arguments={"text": said})
        if failed:
            self._end(trace, parsed, at_ms + took_ms - 20, error=("ValueError", "no JSON in the answer"))
            self._end(trace, root, at_ms + took_ms, error=("ValueError", "no JSON in the answer"))
        else:
            self._end(trace, parsed, at_ms + took_ms - 20, result={"page": page})
            self._end(trace, root, at_ms + took_ms, result={"page": page})
        self._score(trace, call, "helpful", value=0.4 + 0.1 * (number % 5), at_ms=at_ms + 2000)

    def replay(self, *, of: int) -> None:
        """Record a replay of a failed request: the model's answer served, the parser mended."""
        trace, at_ms = trace_id(100), 2 * 86_400_000
        root = self._start(trace, "answer", at_ms, arguments={"question": "again"})
        self.writer.record("link", at_ns=self._ns(at_ms), trace=trace, span=root, rel="replay_of",
                           to_trace=trace_id(of + 1), to_span=span_id(1))  # fmt: skip
        call = self._chat(trace, at_ms + 5, 0, root, "gpt-4o-mini", "again", source="served", served_from=span_id(3))
        self._end(trace, call, at_ms + 8, usage=(1200, 70, 0), result={"choices": []})
        self._step(trace, "parse", at_ms + 9, 1, root, arguments={"text": "{}"}, result={"page": "reset-password"})
        self._end(trace, root, at_ms + 12, result={"page": "reset-password"})

    def _chat(self, trace: str, at_ms: int, _: int, parent: str, model: str, question: str, **fields: Any) -> str:
        attrs = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model}
        return self._start(trace, f"chat {model}", at_ms, parent=parent, kind="llm", attrs=attrs,
                           arguments=chat_request(question, model=model), **fields)  # fmt: skip

    def _step(
        self, trace: str, name: str, at_ms: int, took_ms: int, parent: str, *, result: Any, **fields: Any
    ) -> None:
        span = self._start(trace, name, at_ms, parent=parent, **fields)
        self._end(trace, span, at_ms + took_ms, result=result)

    def _start(self, trace: str, name: str, at_ms: int, **fields: Any) -> str:
        span = span_id(next(self._spans))
        self.writer.now_ns = self._ns(at_ms) - _MS
        self.writer.start(span, name, trace=trace, **fields)
        return span

    def _end(
        self, trace: str, span: str, at_ms: int, *, result: Any = None, error: tuple[str, str] | None = None,
        usage: tuple[int, int, int] | None = None,
    ) -> None:  # fmt: skip
        self.writer.now_ns = self._ns(at_ms) - _MS
        if error:
            kind, message = error
            tagged = orjson.dumps({"$": "exception", "type": f"builtins:{kind}", "message": message})
            self.writer.end(span, trace=trace, status="error", tagged=tagged, error={"type": kind, "message": message})
            return
        attrs: dict[str, Any] = {}
        if usage:
            names = ("input_tokens", "output_tokens", "cache_read.input_tokens")
            attrs = {f"gen_ai.usage.{name}": count for name, count in zip(names, usage, strict=True)}
            attrs["gen_ai.response.finish_reasons"] = ["stop"]
        self.writer.end(span, trace=trace, result=result, attrs=attrs)

    def _chunks(self, trace: str, span: str, at_ms: int, said: str) -> None:
        self.writer.now_ns = self._ns(at_ms) - _MS
        self.writer.chunks(span, [{"choices": [{"delta": {"content": text}}]} for text in said.split()], trace=trace)

    def _score(self, trace: str, span: str, name: str, *, value: float, at_ms: int) -> None:
        self.writer.record(
            "score", at_ns=self._ns(at_ms), trace=trace, span=span, name=name, value=value, source="user"
        )

    @staticmethod
    def _ns(at_ms: int) -> int:
        return MONDAY_NS + at_ms * _MS
