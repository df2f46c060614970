"""Columns hold what DuckDB answered, exactly, and give it back as Python values."""

import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import numpy as np
import pytest

from treadle_storage.columns import Columns


def columns_of(query: str) -> Columns:
    """Return a query's result, read in a database of its own."""
    with duckdb.connect() as connection:
        return Columns.from_result(connection.execute(query))


@pytest.mark.parametrize(
    ("expression", "type_name", "cell"),
    [
        ("true", "BOOLEAN", True),
        ("-7::tinyint", "TINYINT", -7),
        ("18446744073709551615::ubigint", "UBIGINT", 2**64 - 1),
        ("(-9223372036854775808)::bigint", "BIGINT", -(2**63)),
        ("170141183460469231731687303715884105727::hugeint", "HUGEINT", 2**127 - 1),
        ("340282366920938463463374607431768211455::uhugeint", "UHUGEINT", 2**128 - 1),
        ("12345678901234567890.25::decimal(30,2)", "DECIMAL(30,2)", Decimal("12345678901234567890.25")),
        ("1.5::float", "FLOAT", 1.5),
        ("0.1::double", "DOUBLE", 0.1),
        ("'naïve 🧵'", "VARCHAR", "naïve 🧵"),
        ("''", "VARCHAR", ""),
        ("'\\x00\\xFFa'::blob", "BLOB", b"\x00\xffa"),
        ("'2024-01-02 03:04:05.678901'::timestamp", "TIMESTAMP", datetime(2024, 1, 2, 3, 4, 5, 678901)),
        (
            "'2024-01-02 03:04:05.678901234'::timestamp_ns",
            "TIMESTAMP_NS",
            datetime(2024, 1, 2, 3, 4, 5, 678901),
        ),
        ("'2024-01-02 03:04:05'::timestamp_s", "TIMESTAMP_S", datetime(2024, 1, 2, 3, 4, 5)),
        ("'1969-12-31 23:59:59.5'::timestamp_ms", "TIMESTAMP_MS", datetime(1969, 12, 31, 23, 59, 59, 500000)),
        (
            "'2024-01-02 03:04:05+02'::timestamptz",
            "TIMESTAMP WITH TIME ZONE",
            datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC),
        ),
        ("'infinity'::timestamp", "TIMESTAMP", "infinity"),
        ("'290000-01-01'::timestamp", "TIMESTAMP", "290000-01-01T00:00:00"),
        ("'2024-01-02'::date", "DATE", date(2024, 1, 2)),
        ("'290000-01-01'::date", "DATE", "290000-01-01"),
        ("'12:30'::time", "TIME", time(12, 30)),
        ("'101'::bit", "BIT", "101"),
        ("[1, 2, null]", "INTEGER[]", "[1, 2, null]"),
        ("{'a': 'é', 'b': [1]}", "STRUCT(a VARCHAR, b INTEGER[])", '{"a": "é", "b": [1]}'),
        ("'{\"a\":1}'::json", "JSON", '{"a":1}'),
        ("{'a': 1}::variant", "VARIANT", '{"a": 1}'),
        ("'c0ffee00-0000-0000-0000-000000000001'::uuid", "UUID", "c0ffee00-0000-0000-0000-000000000001"),
    ],
)
def test_values_and_nulls_come_back(expression: str, type_name: str, cell: object) -> None:
    """Each DuckDB type gives its exact value and its null, alone and beside another null."""
    columns = columns_of(f"select {expression} as x union all select null")
    assert columns.types == (type_name,)
    assert sorted(columns.rows(), key=lambda row: row[0] is None) == [(cell,), (None,)]
    assert columns_of(f"select {expression} as x").rows() == [(cell,)]


def test_an_enum_is_its_label() -> None:
    """An enum reads as its label, without pandas."""
    assert columns_of("select 'b'::enum('a', 'b') as x").rows() == [("b",)]


def test_timestamps_keep_nanoseconds_as_numbers() -> None:
    """The number behind a TIMESTAMP_NS is exact, though Python's datetime is not."""
    stamp = columns_of("select make_timestamp_ns(1704164645678901234) as at")["at"]
    assert stamp.values.dtype == np.dtype("<i8")
    assert stamp.numbers().tolist() == [1704164645678901234]


def test_null_numbers_can_be_given_a_value() -> None:
    """`numbers` puts what the caller asks for where the database had nothing."""
    column = columns_of("select case when i % 2 = 0 then i::integer end as n from range(4) t(i)")["n"]
    assert column.numbers(null=-1).tolist() == [0, -1, 2, -1]
    assert column.numbers().dtype == np.dtype("<i4")


def test_two_columns_of_one_name_stay_two() -> None:
    """A join's columns of one name are kept in order."""
    columns = columns_of("select 1 as a, 'x' as a, 2.5::double as a")
    assert columns.names == ("a", "a", "a")
    assert columns.rows() == [(1, "x", 2.5)]


def test_no_rows_still_have_columns() -> None:
    """An empty result knows its names and types, whatever the types."""
    columns = columns_of("select 1 as n, 'x' as s, [1] as l, now() as t where false")
    assert columns.names == ("n", "s", "l", "t")
    assert (len(columns), columns.rows()) == (0, [])


def test_strings_are_coded_once() -> None:
    """A name that occurs often is one entry of the dictionary."""
    column = columns_of("select case when i % 3 = 0 then null else 'n' || (i % 2) end as s from range(300) t(i)")["s"]
    assert sorted(column.dictionary or ()) == ["n0", "n1"]
    assert (column.values == -1).sum() == 100


def test_arrays_become_columns() -> None:
    """Columns made from numpy arrays take their type from the dtype, big-endian ones included."""
    columns = Columns.from_arrays({"a": np.array([1, 2], dtype=">i4"), "b": ["x", None], "c": [b"\xff", b""]})
    assert columns.types == ("INTEGER", "VARCHAR", "BLOB")
    assert columns.rows() == [(1, "x", b"\xff"), (2, None, b"")]


def test_an_unknown_column_is_a_key_error() -> None:
    """Asking for a column that is not there names it."""
    with pytest.raises(KeyError, match="nope"):
        columns_of("select 1 as a")["nope"]


def test_the_client_side_loads_no_database() -> None:
    """`import treadle_storage` and its columns load neither duckdb nor pandas."""
    code = (
        "import sys, treadle_storage, treadle_storage.columns; "
        "print(sorted({'duckdb', '_duckdb', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
