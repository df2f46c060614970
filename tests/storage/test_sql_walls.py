"""What a user's query must never do: write, read other files, run anything else, or run for ever."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from treadle.errors import QueryError
from treadle_storage.index import Index
from treadle_storage.user_sql import stream


def run(walled: Index, query: str) -> list[tuple[object, ...]]:
    """Return all rows of a user's query."""
    with walled.cursor() as cursor:
        return [row for batch, _ in stream(cursor, query) for row in batch.rows()]


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
    "from query('select 1')",
    "from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "from read_text('{ingest}/*')",
    "from glob('{ingest}/**')",
    "from read_blob('/proc/self/environ')",
    "from sniff_csv('/etc/passwd')",
    "from 's3://bucket/key.parquet'",
    "from read_text('https://example.com/x')",
    "with x as (from read_text('/etc/passwd')) from x",
    "select (from read_text('/etc/passwd')) from spans",
    "select 1 where 'x' in (select content from read_text('/etc/passwd'))",
    "from range(3) order by (select content from read_text('/etc/passwd'))",
    "select * from spans, lateral (from read_text(name))",
    "summarize '{out}/secret.csv'",
    "describe (from read_csv('{out}/secret.csv'))",
    "from main.read_text('/etc/passwd')",
    "from checkpoint()",
    "from enable_logging(storage := 'file')",
    "from truncate_duckdb_logs()",
    "from duckdb_secrets()",
    "from pandas_scan(1)",
    "from histogram_values('{out}/secret.csv', a)",
    "with made as (copy spans to '{out}/x.csv') select 1",
    "merge into finished using links on true when matched then delete",
    "truncate finished",
    "set variable x = 1",
    "create secret x (type s3)",
    "create temp view v as select 1",
    "call query('drop table finished')",
    "pivot spans on name using count(*)",
    "select $1",
    "select 1;\x00drop table finished",
    "select 1\u037e drop table finished",
    "select 1 -- \n; drop table finished",
    "; drop table finished",
    "select '\ud800'",
    "select " + "(" * 5000 + "1" + ")" * 5000,
    "select " + "abs(" * 20_000 + "1" + ")" * 20_000,
    "select " + "+".join("1" * 20_000),
    "select * from " + "(select * from " * 2000 + "range(1)" + ")" * 2000,
    "select range(10000000000)",
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


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack[:50].encode("ascii", "replace").decode())
def test_an_attack_gets_nothing(walled: Index, attack: str) -> None:
    """Nothing is written, nothing outside is read, and the store answers as before."""
    python_object = duckdb.values([1])
    out = walled.store.parent
    before = contents(out)
    with pytest.raises((QueryError, duckdb.Error)):
        run(walled, attack.format(out=out, ingest=walled.store / "ingest"))
    assert python_object is not None
    assert contents(out) == before
    assert run(walled, "select count(*) from spans") == [(4,)]


OPENS_THE_DATABASE = (
    "from read_blob('{file}')",
    "from read_text('{file}')",
    "from read_csv('{file}', delim = chr(1))",
    "from read_json('{file}')",
    "from read_parquet('{file}')",
    "from parquet_metadata('{file}')",
    "from read_duckdb('{file}', table_name := 'finished')",
    "from '{file}'",
    'from "{file}"',
    "from read_blob('{file}.wal')",
)
_TRIES_TO_LOCK = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def test_no_query_takes_the_lock_off_the_database(walled: Index) -> None:
    """The database's own file is not opened: closing it again would let a second writer in."""
    file = walled.store / "treadle.duckdb"
    for query in OPENS_THE_DATABASE:
        with pytest.raises(QueryError, match=r"may not be read|no view of the store"):
            run(walled, query.format(file=file))
    tried = subprocess.run([sys.executable, "-c", _TRIES_TO_LOCK, file], capture_output=True, text=True, check=False)
    assert "BlockingIOError" in tried.stderr


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
    "; select 1; -- and no more;": [(1,)],
    "select $$a;b$$ as x, 'c;d' as \"e;f\" /* ; */;": [("a;b", "c;d")],
    "select t.x from range(2) t(x), unnest([1])": [(0,), (1,)],
    "from (pivot spans on kind in ('llm') using count(*) group by status) select sum(llm)": [(1,)],
    "select key from json_each('{\"a\": 1}')": [("a",)],
    "values " + ",".join(["(1)"] * 3000): [(1,)] * 3000,
}


@pytest.mark.parametrize(("query", "expected"), ANSWERED.items(), ids=lambda query: str(query)[:50])
def test_what_a_select_may_be(walled: Index, query: str, expected: list[tuple[object, ...]]) -> None:
    """Every form that DuckDB calls a SELECT is answered."""
    assert run(walled, query) == expected


@pytest.mark.parametrize(
    "query", ["describe spans", "show tables", "summarize spans", "table scores", "select * from spans"]
)
def test_looking_around_works(walled: Index, query: str) -> None:
    """A user can ask what there is to ask about."""
    run(walled, query)


def test_a_query_without_end_can_be_interrupted(walled: Index) -> None:
    """An interrupt from another thread stops it, and the cursor answers again."""
    with walled.cursor() as cursor:
        batches = stream(cursor, "select count(*) from range(1000000) a, range(1000000) b")
        timer = threading.Timer(0.2, cursor.interrupt)
        timer.start()
        with pytest.raises(duckdb.InterruptException):
            list(batches)
        timer.join()
        assert [batch.rows() for batch, _ in stream(cursor, "select 1")] == [[(1,)]]
