"""OTLP files into a store: every form of them, what is left out and why, and the same file again."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.journals import START_NS, span_id, trace_id
from storage.otlp_made import bare_protobuf, framed_protobuf, gzipped, imported, lines_file, made_span, message
from treadle.errors import NotFoundError
from treadle_storage.formats import import_journal
from treadle_storage.formats.otlp_files import OtlpFile
from treadle_storage.formats.otlp_spans import OtlpSpan, span_from, spans_in
from treadle_storage.formats.tallies import Tally
from treadle_storage.store import Store

CORPUS = Path(os.environ.get("TREADLE_OTLP") or Path(__file__).parents[3] / "shared/corpora/otlp")
CHAIN = (
    message(made_span(2, parent=1, attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"})),
    message(made_span(1, status={"code": 2, "message": "it broke"}), made_span(3, parent=2, kind=3)),
)
SHOWN = "select name, parent_span_id, kind, status, service, model, duration_ms from spans order by started_at"
EXPECTED = [
    ("step 1", None, "span", "error", "shop", None, 1.0),
    ("step 2", span_id(1), "llm", "ok", "shop", "gpt-4o", 1.0),
    ("step 3", span_id(2), "span", "ok", "shop", None, 1.0),
]


def write_document(path: Path) -> Path:
    """Write one document of several lines."""
    held = [each for part in CHAIN for each in part["resourceSpans"]]
    path.write_text(json.dumps({"resourceSpans": held}, indent=2))
    return path


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a binary file."""
    path.write_bytes(data)
    return path


FORMS: dict[str, Callable[[Path], Path]] = {
    "lines": lambda folder: lines_file(folder / "a.jsonl", *CHAIN),
    "lines with no name for it": lambda folder: lines_file(folder / "traces", *CHAIN),
    "document": lambda folder: write_document(folder / "a.json"),
    "list": lambda folder: lines_file(folder / "a.json", list(CHAIN)),
    "protobuf": lambda folder: write_bytes(folder / "a.binpb", bare_protobuf(*CHAIN)),
    "protobuf with no name for it": lambda folder: write_bytes(folder / "traces", bare_protobuf(*CHAIN)),
    "framed protobuf": lambda folder: write_bytes(folder / "a.pb", framed_protobuf(*CHAIN)),
    "gzip": lambda folder: gzipped(lines_file(folder / "a.jsonl", *CHAIN)),
    "gzipped protobuf": lambda folder: gzipped(write_bytes(folder / "a.pb", bare_protobuf(*CHAIN))),
}


def spans_of(path: Path) -> list[OtlpSpan]:
    """Return what is read of a file, the oldest first; nothing of it is left out."""
    unread = Tally()
    held = [each for piece in OtlpFile(path, unread).pieces() for each in spans_in(piece.body)]
    assert unread.lines() == []
    spans = [span_from(span, resource=resource, scope=scope) for span, resource, scope in held]
    return sorted(spans, key=lambda span: span.start_ns)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file_gives_the_same_spans(tmp_path: Path, form: str) -> None:
    """JSON, JSON lines and protobuf, plain, framed and compressed, are read alike."""
    spans = spans_of(FORMS[form](tmp_path))
    assert [span.name for span in spans] == ["step 1", "step 2", "step 3"]
    assert spans == spans_of(lines_file(tmp_path / "plain.jsonl", *CHAIN))


def test_the_same_spans_again_add_nothing(opened: Store, tmp_path: Path) -> None:
    """Spans come once, whatever form of them is imported again."""
    for number, form in enumerate(("lines", "lines", "framed protobuf")):
        done = imported(opened, FORMS[form](tmp_path))
        assert (done.spans, done.known, done.skipped.lines()) == ((3, 0, []) if number == 0 else (0, 3, []))
        assert list(opened.sql(SHOWN)) == EXPECTED


def test_the_root_is_the_parent_though_it_comes_last(opened: Store, tmp_path: Path) -> None:
    """Files have spans in the order of their ends; the trace is called after the first above the others."""
    orphan = [made_span(number, parent=number - 1) for number in (14, 13, 12)]
    imported(opened, lines_file(tmp_path / "a.jsonl", message(*orphan)))
    assert list(opened.sql("select name, span_count from traces")) == [("step 12", 3)]


def test_what_is_left_out_is_counted_with_its_reason(opened: Store, tmp_path: Path) -> None:
    """Spans without a place in a trace, and lines that hold no spans, are told one by one, and the others come."""
    path = lines_file(
        tmp_path / "a.jsonl",
        message(made_span(1), made_span(1), made_span(2, traceId="0" * 32), made_span(3, spanId="ABC"), 7),
        b'{"resourceSpans": [',
        message(made_span(4, startTimeUnixNano="0", endTimeUnixNano=None), made_span(5, startTimeUnixNano=str(2**70))),
        {"resourceLogs": []},
        message(made_span(6, attributes={"logfire.span_type": "pending_span"})),
        message(made_span(7)),
    )
    done = imported(opened, path)
    assert (done.spans, done.known) == (2, 1)
    assert dict(done.skipped.counts) == {
        "its trace id is zero": 1,
        "its span id is not 16 hex digits": 1,
        "a span that is no object": 1,
        "it says no time": 1,
        "its start is before 1970 or after 2262": 1,
        "it is the beginning of a span that Logfire tells of again at its end": 1,
    }
    assert sorted(done.unread.places.values()) == ["a.jsonl line 2", "a.jsonl line 4"]
    assert [name for (name,) in opened.sql("select name from spans order by 1")] == ["step 1", "step 7"]


def test_what_was_put_right_is_said(opened: Store, tmp_path: Path) -> None:
    """A span that is its own parent, or ended before it began, is shown without that, and counted."""
    own = made_span(1, parentSpanId=span_id(1), endTimeUnixNano=str(START_NS))
    circle = [made_span(2, parent=3), made_span(3, parent=2)]
    done = imported(opened, lines_file(tmp_path / "a.jsonl", message(own, *circle)))
    assert (done.spans, done.mended.total) == (3, 2)
    shown = list(opened.sql("select parent_span_id, duration_ms from spans where name = 'step 1'"))
    assert shown == [(None, 0.0)]
    assert len(opened.tree(trace_id(1))) == 3


def test_an_import_that_was_cut_off_goes_on(opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a batch that could not be written whole nothing is seen, and the same import again adds it."""
    path = lines_file(tmp_path / "a.jsonl", *(message(made_span(number)) for number in range(1, 31)))
    monkeypatch.setattr("treadle_storage.formats.importing.BATCH_SPANS", 10)
    written: list[object] = []

    def fail_at_the_second(self: import_journal.ImportJournal, lines: list[bytes]) -> None:
        written.append(lines)
        if len(written) == 2:
            (self._folder / f"x{import_journal.UNFINISHED}").write_bytes(lines[0])
            raise KeyboardInterrupt
        write(self, lines)

    write = import_journal.ImportJournal.write
    with monkeypatch.context() as patched:
        patched.setattr(import_journal.ImportJournal, "write", fail_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            imported(opened, path)
    assert list(opened.sql("select count(*) from spans")) == [(10,)]
    done = imported(opened, path)
    assert (done.spans, done.known) == (20, 10)
    assert list(opened.sql("select count(*), count(distinct span_id) from spans")) == [(30, 30)]
    assert list((opened.path / "journal").glob(f"*{import_journal.UNFINISHED}")) == []


def test_a_segment_has_its_name_once_it_is_whole(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an import writes, readers see nothing of it, so a kill leaves no half of a span."""
    seen: list[list[str]] = []
    store.mkdir()
    journal = import_journal.ImportJournal(store)
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.append([each.name for each in (store / "journal").glob("*.ndjson")])
    )
    journal.write([journal.line("mark", 1, {"id": "m"})])
    assert seen == [[]]
    assert len(list((store / "journal").glob("*.ndjson"))) == 1


def test_attributes_stay_as_they_came_without_secrets(opened: Store, tmp_path: Path) -> None:
    """What no column has stays in the attributes with what it came from; a secret is masked and counted."""
    told = {
        "n": 3,
        "x": 1.5,
        "list": ["a", True],
        "deep": {"a": {"b": None}},
        "api_key": "sk-proj-abcdefghijklmnop1234567890",
    }
    done = imported(opened, lines_file(tmp_path / "a.jsonl", message(made_span(1, attributes=told))))
    held = opened.step(trace_id(1), span_id(1)).attributes
    assert isinstance(held, dict)
    assert {name: held[name] for name in ("n", "x", "list", "deep")} == {
        name: told[name] for name in ("n", "x", "list", "deep")
    }
    assert held["otel.scope.name"] == "lib"
    assert held["resource.deployment.environment.name"] == "test"
    assert "abcdefgh" not in str(held)
    assert done.secrets == 1


def test_failures_and_events_come_along(opened: Store, tmp_path: Path) -> None:
    """An exception event tells the error of a span that failed; a failed status alone tells its message."""
    attributes = [
        {"key": "exception.type", "value": {"stringValue": "ValueError"}},
        {"key": "exception.message", "value": {"stringValue": "no"}},
    ]
    event = {"name": "exception", "timeUnixNano": str(START_NS + 5), "attributes": attributes}
    failed = made_span(1, status={"code": "STATUS_CODE_ERROR"}, events=[event])
    silent = made_span(2, status={"code": 2, "message": "429"}, attributes={"error.type": "RateLimit"})
    imported(opened, lines_file(tmp_path / "a.jsonl", message(failed, silent)))
    told = list(opened.sql("select error_type, error_message from errors order by started_at"))
    assert told == [("ValueError", "no"), ("RateLimit", "429")]
    assert [each.name for each in opened.events(trace_id(1), span_id(1))] == ["exception"]


def test_a_file_that_is_not_there_is_named(opened: Store, tmp_path: Path) -> None:
    """What cannot be opened is an error with its path."""
    with pytest.raises(NotFoundError, match=r"missing\.json"):
        imported(opened, tmp_path / "missing.json")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real OTLP files is not on this machine")
def test_real_files_are_read(opened: Store) -> None:
    """Files of other projects, malformed and empty ones among them, give their spans and their reasons."""
    done = imported(opened, *sorted(CORPUS.iterdir()))
    assert list(opened.sql("select count(*) from spans")) == [(done.spans,)]
    assert done.unread.total > 4
    names = {name for (name,) in opened.sql("select name from spans")}
    assert {"valid-span", "test_span", "SELECT * FROM users", "deep_nested_span"} <= names
