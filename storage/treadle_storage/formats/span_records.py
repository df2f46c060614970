"""A span of OTLP as records of a journal: as it came, or, where an export of ours wrote it, as it was recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from treadle import semconv
from treadle.errors import BlobError, JournalError
from treadle.model import KINDS
from treadle_storage.formats import own_names as own
from treadle_storage.formats.own_spans import OwnSpan, own_span

if TYPE_CHECKING:
    from treadle.blobs import Blobs
    from treadle_storage.formats.cleaning import Cleaning
    from treadle_storage.formats.import_journal import Body, ImportJournal
    from treadle_storage.formats.otlp_spans import OtlpSpan

_PROCESS_ID = re.compile("[0-9a-f]{16}").fullmatch
_SILENT_KINDS = frozenset({"UNSPECIFIED", "INTERNAL"})
_EXCEPTION = "exception"
_PROCESS_TEXTS = {
    "host.name": "host", "service.name": "service", "process.runtime.version": "python",
    "process.executable.path": "executable", "process.working_directory": "cwd", "vcs.ref.head.revision": "git_commit",
}  # fmt: skip
LARGEST_PID = 2**31


@dataclass(slots=True)
class Processes:
    """The processes and functions that a segment has told of, by what makes them one."""

    functions: dict[tuple[Any, ...], int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


class SpanRecords:
    """Makes the records of one import's spans; `lines` are complete with what they name."""

    def __init__(self, journal: ImportJournal, cleaning: Cleaning, blobs: Blobs) -> None:
        self._journal = journal
        self._cleaning = cleaning
        self._blobs = blobs
        self._known = Processes()

    def begin_segment(self) -> None:
        """Have the next records tell again of what they name: each segment stands by itself."""
        self._known = Processes()

    def lines(self, span: OtlpSpan) -> list[bytes]:
        """Return the records of a span, start to end."""
        held = own_span(span)
        self._keep_blobs(held)
        process, lines = self._process(span)
        attributes = self._cleaning.attributes(_attributes(span, held))
        ids = {"trace": span.trace_id, "span": span.span_id}
        start: Body = {
            **ids,
            "parent": span.parent_span_id,
            "name": self._cleaning.text(span.name),
            "kind": held.kind if held.kind in KINDS else None,
            "origin": {"process": process, "n": held.seq if held.is_own else self._journal.ordinal},
            "f": self._function(held, span.start_ns, lines),
            "attrs": attributes,
            **held.start,
        }
        payload = None if held.input is None else ("in", self._cleaning.payload(held.input))
        lines.append(self._journal.line("start", span.start_ns, start, payload))
        lines += self._inside(span, held, ids)
        if span.end_ns is not None:
            lines.append(self._end(span, held, ids))
        return lines

    def _end(self, span: OtlpSpan, held: OwnSpan, ids: Body) -> bytes:
        failed = span.status == "ERROR"
        end: Body = {**ids, "status": held.status or ("error" if failed else "ok"), **held.end}
        if (error := held.error or (_error(span) if failed and not held.is_own else None)) is not None:
            end["error"] = orjson.loads(self._cleaning.json_text(orjson.dumps(error).decode()) or "{}")
        payload = None if held.output is None else ("out", self._cleaning.payload(held.output))
        assert span.end_ns is not None
        return self._journal.line("end", span.end_ns, end, payload)

    def _inside(self, span: OtlpSpan, held: OwnSpan, ids: Body) -> list[bytes]:
        lines = []
        if held.chunks:
            chunks = [[at_ns, orjson.loads(self._cleaning.payload(value))] for at_ns, value in held.chunks]
            lines.append(self._journal.line("chunk", held.chunks[0][0], {**ids, "chunks": chunks}))
        for event in held.events:
            body = {**ids, "name": event.name, "attrs": self._cleaning.attributes(event.attributes)}
            lines.append(self._journal.line("event", event.at_ns, body))
        for link in span.links:
            relation = link.attributes.get(own.RELATION)
            body = {
                **ids, "rel": relation if isinstance(relation, str) else "link", "to_trace": link.trace_id,
                "to_span": link.span_id,
            }  # fmt: skip
            lines.append(self._journal.line("link", span.start_ns, body))
        return lines

    def _process(self, span: OtlpSpan) -> tuple[str, list[bytes]]:
        """Return the id of the process that a resource is, and its record where this segment has none yet."""
        resource = span.resource
        named = resource.get(own.PROCESS)
        process = named if isinstance(named, str) and _PROCESS_ID(named) else _digest(resource)
        if process in self._known.told:
            return process, []
        self._known.told.add(process)
        body: Body = {"process": process, "imported": True}
        body |= {key: resource[name] for name, key in _PROCESS_TEXTS.items() if isinstance(resource.get(name), str)}
        pid, argv = resource.get("process.pid"), resource.get("process.command_args")
        if isinstance(pid, int) and not isinstance(pid, bool) and 0 <= pid < LARGEST_PID:
            body["pid"] = pid
        if isinstance(argv, list):
            body["argv"] = self._cleaning.redactor.arguments([str(argument) for argument in argv])
        return process, [self._journal.line("process", span.start_ns, body)]

    def _function(self, held: OwnSpan, at_ns: int, lines: list[bytes]) -> int | None:
        """Return the number of the function behind a span, told of where this segment has not yet."""
        if held.function is None:
            return None
        key = tuple(held.function.values())
        number = self._known.functions.get(key)
        if number is None:
            number = self._known.functions[key] = held.function_number
            lines.append(self._journal.line("function", at_ns, {"f": number, **held.function}))
        return number

    def _keep_blobs(self, held: OwnSpan) -> None:
        for data in held.blobs:
            try:
                self._blobs.keep(data)
            except OSError as error:
                raise JournalError(f"a large value cannot be written: {error.strerror or error}") from error
            except BlobError:
                continue


def _attributes(span: OtlpSpan, held: OwnSpan) -> dict[str, Any]:
    """Return a span's attributes as they came, and those of what it came from."""
    if held.is_own:
        return held.attributes
    found = dict(held.attributes)
    if span.kind not in _SILENT_KINDS:
        found.setdefault(own.OTEL_KIND, span.kind)
    for name, value in span.scope.items():
        found.setdefault(own.SCOPE_PREFIX + name, value)
    for name, value in span.resource.items():
        if name not in _PROCESS_TEXTS:
            found.setdefault(own.RESOURCE_PREFIX + name, value)
    return found


def _error(span: OtlpSpan) -> Body:
    """Return a failure as an instrumentation tells of it: an exception event, or only the status."""
    said = next((event.attributes for event in reversed(span.events) if event.name == _EXCEPTION), {})
    kind = span.attributes.get(semconv.ERROR_TYPE) or said.get("exception.type") or "Error"
    message = said.get("exception.message") or span.status_message
    error: Body = {"type": str(kind), "message": str(message)}
    if stack := said.get("exception.stacktrace"):
        error["stack"] = str(stack)
    return error


def _digest(resource: Body) -> str:
    """Return an id for the process that a resource describes: the same in every file that it stands in."""
    told = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)
    return blake2b(told, digest_size=8, person=b"otlp resource").hexdigest()
