"""Realistic traces in any number, as finished journals of made processes: the same for the same seed and shape.

For tests and benchmarks alike: a million steps take less than half a minute, and what must be in the index is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from .calls import Calls, MadeCall
from .records import ProcessJournal, journals_of
from .shape import Shape


@dataclass(slots=True)
class Made:
    """What was written: what an index of it holds when it is complete."""

    trace_ids: list[str] = field(default_factory=list)
    """The oldest first."""
    spans: int = 0
    interrupted: int = 0
    """Of the spans, those that began and never ended."""
    errors: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    chunks: int = 0
    scores: int = 0
    records: int = 0
    journal_bytes: int = 0


def write_traces(store: Path, shape: Shape, *, seed: int = 0) -> Made:
    """Write the traces; every one of their processes has ended."""
    random = Random(seed)
    journals = journals_of(store, shape, [random.getrandbits(64) for _ in range(shape.processes)])
    writer = _Writer(shape, random, Calls(shape, random, store), journals)
    for number in range(shape.traces):
        writer.trace(number)
    for journal in journals:
        journal.close()
        writer.made.records += journal.records
        writer.made.journal_bytes += journal.written_bytes
    return writer.made


class _Killed(Exception):
    """The processes of a trace end here."""


class _Writer:
    """Writes trace after trace into the journals of its processes."""

    def __init__(self, shape: Shape, random: Random, calls: Calls, journals: list[ProcessJournal]) -> None:
        self._shape = shape
        self._random = random
        self._draw = random.random
        self._bits = random.getrandbits
        self._calls = calls
        self._journals = journals
        self._trace = b""
        self._left = 0
        self._is_last = False
        self._open = 0
        self.made = Made()

    def trace(self, number: int) -> None:
        """Write one trace: a root that makes rounds of calls until it has all its steps."""
        journal = self._journals[0]
        if number % self._shape.turns == 0:
            self._calls.new_conversation()
        self._is_last = self._shape.is_killed and number == self._shape.traces - 1
        self._trace = b"%032x" % (self._bits(128) | 1)
        self._left = self._shape.steps
        self.made.trace_ids.append(self._trace.decode())
        attributes = b'{"session.id":"desk-%d","user.id":"user-%d"}' % (number // self._shape.turns, number % 97)
        arguments = b'{"question":"%s"}' % self._calls.text()
        try:
            root = self._begin(journal, None, b"answer", b"chain", b"0", arguments, attributes)
            self._rounds(root)
            if self._draw() < self._shape.score_share:
                journal.score(self._trace, name=b"helpful", value=round(self._draw(), 2))
                self.made.scores += 1
            self._finish(journal, root, b'{"answer":"%s"}' % self._calls.text())
        except _Killed:
            self.made.interrupted += self._open
        journal.now_ns += 50_000_000

    def _rounds(self, root: int) -> None:
        """Call until no steps are left; each other process takes its turn with a round, on a clock of its own."""
        place = 0
        first = self._journals[0]
        while self._left:
            number = place % len(self._journals)
            journal = self._journals[number]
            if number:
                journal.now_ns = max(journal.now_ns, first.now_ns - number * self._shape.skew_ns)
            path = b"%d.0" % place if number else b"%d" % place
            if self._shape.depth > 2:
                self._inner(journal, root, 2, path)
            else:
                self._leaves(journal, root, self._shape.width, place)
            first.now_ns = max(first.now_ns, journal.now_ns + number * self._shape.skew_ns)
            place += 1

    def _inner(self, journal: ProcessJournal, parent: int, level: int, place: bytes) -> None:
        arguments = b'{"question":"%s"}' % self._calls.text()
        span = self._begin(journal, parent, b"converse", b"agent", place, arguments)
        width = self._shape.width
        if level + 1 < self._shape.depth and self._left:
            self._inner(journal, span, level + 1, b"0")
            width -= 1
        self._leaves(journal, span, width, self._shape.width - width)
        self._finish(journal, span, b'"%s"' % self._calls.text())

    def _leaves(self, journal: ProcessJournal, parent: int, width: int, first: int) -> None:
        """Make calls one after the other, or all at once."""
        count = min(width, self._left)
        if self._draw() >= self._shape.parallel_share:
            for number in range(first, first + count):
                self._end(journal, *self._leaf(journal, parent, b"%d" % number))
            return
        begun = [self._leaf(journal, parent, b"%d.0" % number) for number in range(first, first + count)]
        self._random.shuffle(begun)
        for span, call in begun:
            self._end(journal, span, call)

    def _leaf(self, journal: ProcessJournal, parent: int, place: bytes) -> tuple[int, MadeCall]:
        call = self._calls.next()
        span = self._begin(journal, parent, call.name, call.kind, place, call.arguments, call.attributes)
        self.made.model_calls += call.kind == b"llm"
        return span, call

    def _begin(
        self, journal: ProcessJournal, parent: int | None, name: bytes, kind: bytes, place: bytes, arguments: bytes,
        attributes: bytes = b"",
    ) -> int:  # fmt: skip
        span = self._bits(64) | 1
        journal.now_ns += 60_000
        journal.start(
            self._trace, span, parent, name=name, kind=kind, place=place, arguments=arguments, attributes=attributes
        )
        self.made.spans += 1
        self._open += 1
        self._left -= 1
        return span

    def _end(self, journal: ProcessJournal, span: int, call: MadeCall) -> None:
        if self._is_last and not self._left:
            raise _Killed
        more, digest = call.more, b""
        if call.chunks:
            digest = journal.chunks(self._trace, span, call.chunks, every_ns=call.duration_ns // len(call.chunks))
            more = b',"chunks":%d,"chunks_digest":"%s"%s' % (len(call.chunks), digest, more)
            self.made.chunks += len(call.chunks)
        else:
            journal.now_ns += call.duration_ns
        journal.end(self._trace, span, status=call.status, result=call.result, more=more, chunks_digest=digest)
        self._open -= 1
        self.made.errors += call.status == b"error"
        self.made.input_tokens += call.input_tokens
        self.made.output_tokens += call.output_tokens

    def _finish(self, journal: ProcessJournal, span: int, result: bytes) -> None:
        journal.now_ns += 40_000
        journal.end(self._trace, span, result=result)
        self._open -= 1
