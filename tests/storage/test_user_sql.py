"""A user's SQL: it only reads, comes in batches, keeps its values, and can be stopped."""

import itertools
import math
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from storage.journals import record_example
from treadle.errors import QueryError, UsageError
from treadle_storage.store import Store
from treadle_storage.user_sql import BATCH_BYTES, BATCH_ROWS
from waiting import wait_until


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("drop table spans", "only SELECT"),
        ("select 1; select 2", "2 statements"),
        ("", "nothing to run"),
        ("with gone as (delete from finished returning 1) select * from gone", "."),
        ("copy (select 1) to '/tmp/treadle-out.csv'", "only SELECT"),
        ("select * from read_text('/etc/hostname')", r"read_text\(\) may not"),
        ("select nope from spans", "nope"),
        ("selec", "syntax"),
        ("attach '/tmp/other.duckdb'", "only SELECT"),
        ("set memory_limit = '1TB'", "only SELECT"),
        ("select getvariable('x') from query('drop table finished')", "."),
    ],
)
def test_sql_only_reads(opened: Store, query: str, message: str) -> None:
    """What is not one SELECT on the store is one clear line."""
    record_example(opened)
    with pytest.raises(QueryError, match=message) as caught:
        opened.sql(query).fetchall()
    assert "\n" not in str(caught.value)
    assert opened.sql("select count(*) from spans").fetchall() == [(4,)]


def test_sql_keeps_types_and_values(opened: Store) -> None:
    """Sums, moments, nested values and comments at the end come through the stream unharmed."""
    rows = opened.sql(
        "select sum(i) as total, max(t) as at, list(i) as l, 1.5::decimal(4, 2) as d, null as n, "
        "'infinity'::timestamp as f "
        "from (select i, '2024-01-02 03:04:05+00'::timestamptz as t from range(3) q(i)); -- that is all"
    )
    assert rows.columns == ("total", "at", "l", "d", "n", "f")
    assert rows.types == ("HUGEINT", "TIMESTAMP WITH TIME ZONE", "BIGINT[]", "DECIMAL(4,2)", "NULL", "TIMESTAMP")
    assert [[str(cell) for cell in row] for row in rows] == [
        ["3", "2024-01-02 03:04:05+00:00", "[0,1,2]", "1.50", "None", "infinity"]
    ]


def test_sql_streams_in_order(opened: Store) -> None:
    """Large answers come in batches of bounded size, complete and in the query's order."""
    rows = opened.sql(f"select i, -i::hugeint from range({BATCH_ROWS * 3}) t(i) order by i desc")
    sizes, expected = [], iter(range(BATCH_ROWS * 3 - 1, -1, -1))
    for batch in rows.batches():
        sizes.append(len(batch))
        assert all(row == (number, -number) for row, number in zip(batch.iter_rows(), expected, strict=False))
    assert max(sizes) <= BATCH_ROWS
    assert sum(sizes) == BATCH_ROWS * 3
    assert rows.fetchall() == []


def test_sql_that_is_left_is_stopped(opened: Store) -> None:
    """Closing the rows, or leaving them, frees the query and the connection."""
    endless = "select i from range(100000000000) t(i)"
    with opened.sql(endless) as rows:
        assert list(itertools.islice(rows, 3)) == [(0,), (1,), (2,)]
    assert rows.fetchall() == []
    assert next(iter(opened.sql(endless))) == (0,)
    wait_until(lambda: opened.status().clients == 1)


def test_sql_has_a_time_out(opened: Store) -> None:
    """A query that takes too long is stopped and says so; the next one runs."""
    with pytest.raises(QueryError, match=r"stopped after 0\.2 s"):
        opened.sql(
            "select count(*) from range(100000000) a, range(100000000) b where a.range * b.range = 7", timeout_s=0.2
        )
    assert opened.sql("select 1").fetchall() == [(1,)]


def test_df_needs_pandas(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas the error says what to do."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pip install pandas"):
        opened.sql("select 1").df()


def test_df_has_names_and_types(opened: Store) -> None:
    """Where pandas is there, rows become a DataFrame, its columns in order though two share a name."""
    frame = opened.sql("select i, i * 1.5::double as half, 'x' as i from range(3) t(i)").df()
    assert list(frame.columns) == ["i", "half", "i"]
    assert frame.iloc[:, 0].tolist() == [0, 1, 2]
    assert str(frame["half"].dtype) == "float64"


@pytest.mark.parametrize(
    ("query", "params", "row"),
    [
        ("select ? + 1, ?", [1, "it's; drop table x --"], (2, "it's; drop table x --")),
        ("select $b, $a::varchar", {"a": None, "b": [1, 2]}, ("[1,2]", None)),
        ("select ?, ?::varchar", [Decimal("1.50"), date(2024, 1, 2)], (Decimal("1.50"), "2024-01-02")),
        ("select ? = '2024-01-02 03:00'::timestamp", [datetime(2024, 1, 2, 5, tzinfo=timezone(timedelta(hours=2)))],
         (True,)),
        ("select ?, isnan(?), ?", [2**100, math.nan, b"\xff"], (2**100, True, b"\xff")),
        ("select count(*) from spans where kind = $kind", {"kind": "llm"}, (1,)),
    ],
)  # fmt: skip
def test_parameters_are_values(opened: Store, query: str, params: Any, row: tuple[object, ...]) -> None:
    """What stands for a `?` or a `$name` arrives as the value that it is, and never as SQL."""
    record_example(opened)
    assert opened.sql(query, params).fetchall() == [row]


@pytest.mark.parametrize(
    ("query", "params", "error"),
    [
        ("select ?", [object()], UsageError),
        ("select ?", "text", UsageError),
        ("select ?, ?", [1], QueryError),
        ("select $a", {"b": 1}, QueryError),
    ],
)
def test_parameters_that_do_not_fit_are_one_line(opened: Store, query: str, params: Any, error: type) -> None:
    """A value of no SQL type, too few of them or another name: said before anything ran."""
    with pytest.raises(error) as caught:
        opened.sql(query, params)
    assert "\n" not in str(caught.value)


def test_large_rows_come_fewer_at_a_time(opened: Store) -> None:
    """A batch holds some megabytes, however large the texts of a row are."""
    rows = opened.sql("select repeat('x', 100000) || i as text from range(300) t(i)")
    sizes = [len(batch) for batch in rows.batches()]
    assert sum(sizes) == 300
    assert max(sizes) * 100_000 <= 2 * BATCH_BYTES
