"""What an expression must never do: reach beyond the rows that it is given, or run anything else."""

from __future__ import annotations

import pytest

from storage.journals import trace_id
from treadle.errors import QueryError, TreadleError
from treadle_storage.index import Index

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
    "true) from finished --",
    "true\n) as hit from finished) --",
    "true; select 1",
    "$$x",
    "'\ud800' = name",
    "x'; drop table finished; --",
    "true from range(3)",
    "unnest([true, false])",
    "count(*) over () > 0",
    "list(name) is null",
    "name in (select name from finished)",
    "name = any(select name from finished)",
    "case when true then (select 1) end",
    "array(select 1) is null",
    "list_transform([1], lambda x: (select x)) is null",
    "getvariable($1)",
    "with x as (select 1) select true",
    "true having true",
    "true qualify true",
    "distinct true",
    "true union select true",
    "* exclude (name)",
    "not " * 50_000 + "true",
    "abs(" * 900 + "1" + ")" * 900 + " > 0",
    "(" * 100_000,
)


@pytest.mark.parametrize("expression", ESCAPES, ids=lambda text: text[:50].encode("ascii", "replace").decode())
def test_an_expression_stays_in_its_place(walled: Index, expression: str) -> None:
    """Anything but one expression over one step's columns is refused with a clear line, wherever it is used."""
    with walled.cursor() as cursor:
        for question, key in (("hits", "condition"), ("column", "expression"), ("traces", "where")):
            if question == "traces" and not expression.strip():
                continue
            with pytest.raises(QueryError) as refused:
                walled.ask(question, {"trace_id": trace_id(1), key: expression}, cursor)
            assert "\n" not in str(refused.value)
            assert str(refused.value)
        seen = walled.ask("watch", {"trace_id": trace_id(1), "span_id": SPAN, "expressions": [expression]}, cursor)
        assert seen.rows()[0][1] is None
        assert seen.rows()[0][3]


SPAN = f"{0:016x}"


@pytest.fixture(autouse=True)
def _known_span(walled: Index) -> None:
    global SPAN
    with walled.cursor() as cursor:
        row = cursor.execute("select span_id from spans where kind = 'llm'").fetchone()
    assert row
    SPAN = row[0]


def test_an_unknown_column_names_what_was_meant(walled: Index) -> None:
    """The line proposes the columns that are close."""
    with walled.cursor() as cursor, pytest.raises(TreadleError, match=r"statuss.*status"):
        walled.ask("hits", {"trace_id": trace_id(1), "condition": "statuss = 'ok'"}, cursor)


@pytest.mark.parametrize("name", ["'; drop table finished; --", "x' or '1'='1", "", "zz", "g" * 32, "_", "%"])
def test_a_name_is_never_sql(walled: Index, name: str) -> None:
    """An id that is none is not found, whatever it holds."""
    with walled.cursor() as cursor:
        for question, args in (("resolve", {"name": name}), ("tree", {"trace_id": name}),
                               ("step", {"trace_id": name, "span_id": name})):  # fmt: skip
            with pytest.raises(TreadleError):
                walled.ask(question, args, cursor)
