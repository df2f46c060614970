"""The database file: versions, holders, read-only use."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from storage.indexes import ask, ingest_all, rows
from storage.journals import JournalWriter, trace_id, write_example
from treadle.errors import StoreError, StoreHeldError, StoreVersionError
from treadle_storage import schema
from treadle_storage.index import Index
from treadle_storage.schema import DATABASE, MIGRATIONS, VERSION
from treadle_storage.summaries import summaries_of


def test_a_store_of_a_newer_version_is_left_alone(store: Path) -> None:
    """Both versions are named, and not a byte is changed."""
    Index(store).close()
    path = store / schema.DATABASE
    with duckdb.connect(str(path)) as connection:
        connection.execute("update meta set value = '99'")
    before = path.read_bytes()
    with pytest.raises(StoreVersionError, match=f"99.*{schema.VERSION}"):
        Index(store)
    assert path.read_bytes() == before


def make_of_version(store: Path, version: int) -> None:
    """Make an index as an earlier version did, with one step in it."""
    store.mkdir()
    with duckdb.connect(str(store / DATABASE), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        connection.execute("create table meta (key VARCHAR, value VARCHAR)")
        connection.execute("insert into meta values ('schema_version', ?)", [str(version)])
        for statement in (statement for migration in MIGRATIONS[:version] for statement in migration):
            connection.execute(statement)
        connection.execute("insert into process_rows by name select 7 as process_id, 'shop' as service")
        connection.execute(
            "insert into finished by name select $trace::uuid as trace_id, 1 as span_id, 7 as process_id, 0 as seq, "
            "'old' as name, 'chain' as kind, 'ok' as status, 10 as started_ns, 20 as ended_ns, 'live' as source, "
            """'{"n":1}' as input, '{"a":1}'::json::variant as attributes""",
            {"trace": trace_id(8)},
        )
        connection.execute(
            "insert into roots by name select $trace::uuid as trace_id, 1 as span_id, 10 as started_ns, "
            "false as has_parent",
            {"trace": trace_id(8)},
        )


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_index_of_every_earlier_version_is_taken_over(store: Path, version: int) -> None:
    """What it held is there, what comes is added, and every view and question works."""
    make_of_version(store, version)
    with JournalWriter(store) as writer:
        write_example(writer)
    index = Index(store)
    try:
        ingest_all(index)
        assert rows(index, "select value from meta") == [(str(VERSION),)]
        assert rows(index, "select name, input ->> 'n', attributes.a::varchar from spans where name = 'old'") == [
            ("old", "1", "1")
        ]
        assert rows(index, "select name, span_count from traces order by name") == [("answer", 4), ("old", 1)]
        views = rows(index, "select view_name from duckdb_views() where not internal")
        assert len(views) > 10
        for (view,) in views:
            rows(index, f"from {view}")
        assert len(ask(index, "traces")) == 2
        assert len(ask(index, "tree", trace_id=trace_id(8))) == 1
    finally:
        index.close()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_damaged_file_says_how_to_get_the_recordings_back(store: Path, kept: float) -> None:
    """A file that was cut off, wherever the database notices it, is one clear line and the way out."""
    with JournalWriter(store) as writer:
        write_example(writer)
    index = Index(store)
    index.ingest()
    index.close()
    path = store / schema.DATABASE
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(StoreError, match=r"cannot open .*treadle\.duckdb: .*\. If it is damaged, move it away"):
        Index(store)
    path.unlink()
    index = Index(store)
    assert index.ingest().new_spans == 4
    index.close()


@pytest.mark.parametrize("variable", ["TREADLE_MEMORY_LIMIT", "TREADLE_THREADS"])
def test_a_setting_that_makes_no_sense_is_named(store: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's mistake is told with the variable's name."""
    monkeypatch.setenv(variable, "lots")
    with pytest.raises(StoreError, match=rf"{variable} is 'lots'"):
        Index(store)


def test_a_file_that_is_no_database_is_an_error_in_one_line(store: Path) -> None:
    """Garbage where the database should be is named."""
    store.mkdir()
    (store / schema.DATABASE).write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=schema.DATABASE) as refused:
        Index(store)
    assert "\n" not in str(refused.value)


def test_a_foreign_program_that_holds_the_file_is_named(store: Path) -> None:
    """The error has the other program's pid."""
    import subprocess
    import sys

    Index(store).close()
    path = str(store / schema.DATABASE)
    program = f"import duckdb,sys; c=duckdb.connect({path!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreHeldError, match=str(other.pid)):
            Index(store)
        other.communicate()


def test_a_read_only_store_answers_and_stays_as_it_is(store: Path) -> None:
    """Read-only opens what is there, and indexes nothing."""
    with pytest.raises(StoreError, match="read-only"):
        Index(store, read_only=True)
    with JournalWriter(store) as writer:
        write_example(writer)
    index = Index(store)
    index.ingest()
    index.close()
    reader = Index(store, read_only=True)
    assert not reader.ingest().changed
    assert len(summaries_of(ask(reader, "traces"))) == 1
    reader.close()
