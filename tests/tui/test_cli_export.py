"""`treadle export` and `treadle import`, as they are typed."""

import csv
import gzip
import io
import json
from pathlib import Path

import duckdb
import pytest

from owners import end_owner
from storage.journals import JournalWriter, span_id
from storage.otlp_made import lines_file, made_span, message
from tui.conftest import Cli
from tui.made_store import write_desk

SECRET = "sk-proj-" + "abcdefghij1234567890" * 2


@pytest.fixture
def desk_store(home: Path) -> "Path":
    """Return the folder of a store with three chains of ten steps, the newest failed."""
    store = home / ".treadle"
    store.mkdir()
    write_desk(store)
    return store


def test_rows_come_out_in_three_formats(cli: Cli, desk_store: Path, home: Path) -> None:
    """Parquet, NDJSON and CSV hold the same rows of spans, with the columns and types of the view."""
    for name in ("a.parquet", "a.ndjson", "a.csv.gz"):
        ran = cli("export", f"--{name.split('.')[1]}", name, store=desk_store)
        assert (ran.code, "30 spans of 3 traces" in ran.err) == (0, True)
    lines = [json.loads(line) for line in (home / "a.ndjson").read_text().splitlines()]
    table = list(csv.DictReader(io.StringIO(gzip.decompress((home / "a.csv.gz").read_bytes()).decode())))
    with duckdb.connect() as connection:
        told = connection.execute("describe from 'a.parquet'").fetchall()
        types = {name: kind for name, kind, *_ in told}
        parquet = connection.execute("select span_id, input->>'$.question' from 'a.parquet'").fetchall()
    end_owner(desk_store)
    assert [row["span_id"] for row in lines] == [row["span_id"] for row in table] == [span for span, _ in parquet]
    assert (types["started_at"], types["input_tokens"], types["tags"]) == ("TIMESTAMP", "BIGINT", "VARCHAR[]")
    assert lines[0]["input"]["question"] == parquet[0][1]
    assert list(lines[0]) == list(types) == list(table[0])


def test_only_traces_that_fit_or_one_come_out(cli: Cli, desk_store: Path) -> None:
    """`--where` chooses traces, a name one of them; on standard output there is data only."""
    fitting = cli("export", "--where", "failed = true", "--ndjson", "-", store=desk_store)
    one = cli("export", "last-failed", "--ndjson", "-", store=desk_store)
    end_owner(desk_store)
    assert len(fitting.out.splitlines()) == len(one.out.splitlines()) == 10
    assert {json.loads(line)["trace_id"] for line in fitting.out.splitlines()} == {
        json.loads(one.out.splitlines()[0])["trace_id"]
    }


def test_it_says_how_many_secrets_were_masked(cli: Cli, home: Path) -> None:
    """A secret that was recorded is in no row, nor its digest, and is counted."""
    with JournalWriter(home / ".treadle") as writer:
        writer.start(span_id(1), "call", arguments={"text": f'api_key = "{SECRET}"'}, attrs={"authorization": SECRET})
        writer.end(span_id(1), result=[SECRET])
    ran = cli("export", "--ndjson", "a.ndjson", store=home / ".treadle")
    end_owner(home / ".treadle")
    (row,) = [json.loads(line) for line in (home / "a.ndjson").read_text().splitlines()]
    assert "abcdefghij" not in json.dumps(row)
    assert row["args_hash"] is None
    assert "3 secrets masked" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name one format and its file"),
        (("--csv", "a", "--ndjson", "b"), "only one"),
        (("--html", "a.html"), "a page is of one trace"),
        (("last", "--where", "failed", "--csv", "-"), "not both"),
        (("--parquet", "-"), "wants a file"),
        (("--csv", "there"), "is there already"),
        (("--csv", "no/where.csv"), "there is no folder"),
        (("--where", "nonsense(", "--csv", "-"), "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cli: Cli, desk_store: Path, home: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Wrong use is one line that says what to do, and nothing is written."""
    (home / "there").write_text("kept")
    ran = cli("export", *arguments, store=desk_store)
    end_owner(desk_store)
    assert (ran.code, ran.out, said in ran.err) == (2, "", True)
    assert (home / "there").read_text() == "kept"


def test_a_page_and_otlp_are_written_and_read(cli: Cli, desk_store: Path, home: Path) -> None:
    """`--html` writes a page, `--otlp` what `treadle import` takes into another store, and says so."""
    page = cli("export", "last-failed", "--html", "a.html", store=desk_store)
    otlp = cli("export", "--otlp", "a.jsonl.gz", store=desk_store)
    end_owner(desk_store)
    assert (page.code, otlp.code) == (0, 0)
    assert (home / "a.html").read_text().startswith("<!doctype html>")
    first = cli("import", "a.jsonl.gz", store=home / "other")
    again = cli("import", "a.jsonl.gz", store=home / "other")
    assert (first.out, again.out) == ("30 spans imported\n", "0 spans imported, 30 already there\n")
    assert len(cli("traces", "--format", "ndjson", store=home / "other").out.splitlines()) == 3
    end_owner(home / "other")


def test_import_says_what_it_left_out(cli: Cli, home: Path) -> None:
    """Reasons with their counts and the place of the first go to stderr, without what would move a cursor."""
    path = lines_file(home / "a\x1b[2J.jsonl", message(made_span(1), made_span(2, traceId="0" * 32)), b"{")
    ran = cli("import", str(path), store=home / "other")
    end_owner(home / "other")
    assert ran.out == "1 span imported, 1 skipped\n"
    assert "skipped 1: its trace id is zero" in ran.err
    assert "not read 1: not JSON" in ran.err
    assert "\x1b" not in ran.err
