"""What a user's query, or an expression, must never do: write, read other files, run anything else, or run for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from storage.journals import JournalWriter, trace_id, write_example
from treadle.errors import QueryError, TreadleError
from treadle_storage.index import Index
from treadle_storage.user_sql import stream


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Open an index on the store."""
    store = tmp_path / "walled"
    with JournalWriter(store) as writer:
        write_example(writer)
    (tmp_path / "secret.txt").write_text("the key")
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (tmp_path / "secret.json").write_text('{"a":1}')
    index = Index(store)
    index.ingest()
    yield index
    index.close()


def run(index: Index, query: str) -> list[tuple[object, ...]]:
    """Return all rows of a user's query."""
    with index.cursor() as cursor:
        return [row for batch in stream(cursor, query) for row in batch.rows()]


ATTACKS = (
    "copy spans to '{out}/x.csv'",
    "copy (select 1) to '{ingest}/x.csv'",
    "attach '{out}/other.duckdb' as other",
    "detach walled",
    "select * from read_text('{out}/secret.txt')",
    "select * from read_blob('{out}/secret.txt')",
    "select * from read_csv('{out}/secret.csv')",
    "select * from read_json('{out}/secret.json')",
    "select * from '{out}/secret.csv'",
    "select * from '{out}/secret.json'",
    "select * from read_text('{ingest}/../../secret.txt')",
    "select * from read_text('{ingest}/../journal/*')",
    "select * from glob('{out}/*')",
    "select * from glob('/etc/*')",
    "select * from read_parquet('https://example.com/x.parquet')",
    "from read_text('/etc/passwd')",
    "pragma database_list",
    "set memory_limit = '100GB'",
    "reset memory_limit",
    "set enable_external_access = true",
    "with gone as (delete from finished returning *) select * from gone",
    "with made as (insert into links select * from links returning *) select * from made",
    "with edited as (update finished set name = 'x' returning *) select * from edited",
    "select 1; drop table finished",
    "select 1; select 2",
    "drop table finished",
    "drop view spans",
    "delete from finished",
    "insert into finished select * from finished",
    "update finished set name = 'x'",
    "create table mine as select 1",
    "create or replace view spans as select 1",
    "create macro f() as 1",
    "alter table finished rename to gone",
    "install httpfs",
    "load httpfs",
    "call force_checkpoint()",
    "checkpoint",
    "vacuum",
    "export database '{out}/dump'",
    "import database '{out}/dump'",
    "prepare p as select 1",
    "execute p",
    "begin transaction",
    "commit",
    "use memory",
    "explain analyze delete from finished",
    "select getenv('HOME')",
    "select * from query('drop table finished')",
    "select * from query('select 1; drop table finished')",
    "select * from query_table('{out}/secret.csv')",
    "select * from secrets",
    "select * from python_object",
    "",
    "-- nothing",
    "selec 1",
    "select nope from spans",
)  # fmt: skip


def contents(folder: Path) -> set[str]:
    """Return every file there is."""
    return {str(path) for path in folder.rglob("*") if path.suffix != ".wal"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_gets_nothing(index: Index, tmp_path: Path, attack: str) -> None:
    """Nothing is written, nothing outside is read, and the store answers as before."""
    python_object = duckdb.values([1])
    before = contents(tmp_path)
    with pytest.raises((QueryError, duckdb.Error)):
        run(index, attack.format(out=tmp_path, ingest=index.store / "ingest"))
    assert python_object is not None
    assert contents(tmp_path) == before
    assert run(index, "select count(*) from spans") == [(4,)]


ANSWERED = {
    "select name from spans order by started_at limit 1": [("answer",)],
    "select model, count(*), sum(output_tokens) from llm_calls group by 1": [("gpt-4o", 1, 100)],
    "from spans select count(*)": [(4,)],
    "values (1, 'a')": [(1, "a")],
    "with x as (select 1 as y) select y from x": [(1,)],
    "select count(*) from (describe spans)": [(46,)],
    "select count(*) from messages;": [(3,)],
    "select attributes['gen_ai.provider.name']::varchar from spans where kind = 'llm'": [("openai",)],
    "select input->>'$.query' from spans where kind = 'retriever'": [("Oslo",)],
    "select count(*) from spans where started_at > now() - interval 100 years": [(4,)],
    "select count(*) from traces where not failed -- the end": [(1,)],
}


@pytest.mark.parametrize(("query", "expected"), ANSWERED.items())
def test_what_a_select_may_be(index: Index, query: str, expected: list[tuple[object, ...]]) -> None:
    """Every form that DuckDB calls a SELECT is answered."""
    assert run(index, query) == expected


@pytest.mark.parametrize(
    "query", ["describe spans", "show tables", "summarize spans", "table scores", "select * from spans"]
)
def test_looking_around_works(index: Index, query: str) -> None:
    """A user can ask what there is to ask about."""
    run(index, query)


def test_a_query_without_end_can_be_interrupted(index: Index) -> None:
    """An interrupt from another thread stops it, and the cursor answers again."""
    with index.cursor() as cursor:
        batches = stream(cursor, "select count(*) from range(1000000) a, range(1000000) b")
        timer = threading.Timer(0.2, cursor.interrupt)
        timer.start()
        with pytest.raises(duckdb.InterruptException):
            list(batches)
        timer.join()
        assert [batch.rows() for batch in stream(cursor, "select 1")] == [[(1,)]]


ESCAPES = (
    "name='x') or (1=1",
    "name = 'x' or 1 = 1) as hit from (select 1 as y",
    "true, true",
    "1 from finished",
    "(select count(*) from finished) > 0",
    "exists (from finished)",
    "count(*) > 0",
    "row_number() over () > 0",
    "sum(output_tokens) over () > 0",
    "true; drop table finished",
    "true union all select true",
    "true where true",
    "true as hit",
    "true limit 1",
    "true order by 1",
    "$trace = $trace",
    "columns(*) is null",
    "",
    "   ",
    "true /*",
    "nme = 'x'",
    "status = ",
    "'unfinished",
    "read_text('/etc/passwd') is not null",
    "(from read_text('/etc/passwd')) is null",
    "getenv('HOME') = 'x'",
)


@pytest.mark.parametrize("expression", ESCAPES)
def test_an_expression_stays_in_its_place(index: Index, expression: str) -> None:
    """Anything but one expression over one step's columns is refused with a clear line, wherever it is used."""
    with index.cursor() as cursor:
        for question, key in (("hits", "condition"), ("column", "expression"), ("traces", "where")):
            if question == "traces" and not expression.strip():
                continue
            with pytest.raises(QueryError) as refused:
                index.ask(question, {"trace_id": trace_id(1), key: expression}, cursor)
            assert "\n" not in str(refused.value)
            assert str(refused.value)
        seen = index.ask("watch", {"trace_id": trace_id(1), "span_id": SPAN, "expressions": [expression]}, cursor)
        assert seen.rows()[0][1] is None
        assert seen.rows()[0][3]


SPAN = f"{0:016x}"


@pytest.fixture(autouse=True)
def _known_span(index: Index) -> None:
    global SPAN
    with index.cursor() as cursor:
        row = cursor.execute("select span_id from spans where kind = 'llm'").fetchone()
    assert row
    SPAN = row[0]


def test_an_unknown_column_names_what_was_meant(index: Index) -> None:
    """The line proposes the columns that are close."""
    with index.cursor() as cursor, pytest.raises(TreadleError, match=r"statuss.*status"):
        index.ask("hits", {"trace_id": trace_id(1), "condition": "statuss = 'ok'"}, cursor)


@pytest.mark.parametrize("name", ["'; drop table finished; --", "x' or '1'='1", "", "zz", "g" * 32, "_", "%"])
def test_a_name_is_never_sql(index: Index, name: str) -> None:
    """An id that is none is not found, whatever it holds."""
    with index.cursor() as cursor:
        for question, args in (("resolve", {"name": name}), ("tree", {"trace_id": name}),
                               ("step", {"trace_id": name, "span_id": name})):  # fmt: skip
            with pytest.raises(TreadleError):
                index.ask(question, args, cursor)
