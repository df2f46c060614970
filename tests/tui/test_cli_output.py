"""Rows in four formats, and text that cannot harm a terminal."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from treadle_tui.cli.controls import visible
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.pretty import pretty_lines

ROWS = RowSet(
    names=("name", "n", "at", "data", "n"),
    types=("VARCHAR", "INTEGER", "TIMESTAMP", "JSON", "DECIMAL(4,2)"),
    rows=[
        ("one\ntwo", 1, datetime(2026, 1, 31, 12, 0, 5, 250), '{"a": [1]}', Decimal("1.50")),
        (None, None, datetime(2026, 1, 31, tzinfo=UTC), None, Decimal(2)),
    ],
)


class Terminal(io.StringIO):
    """A terminal of 40 cells."""

    def isatty(self):
        """Say that it is one."""
        return True


def written(output_format, rows=ROWS, stream=None):
    """Return what is written in a format."""
    stream = stream or io.StringIO()
    write_rows(rows, output_format, stream=stream)
    return stream.getvalue()


def test_json_holds_values_of_their_own_types():
    """Times in ISO 8601 and UTC, JSON as JSON, a second column of one name under another."""
    first, second = json.loads(written("json"))
    assert first == {"name": "one\ntwo", "n": 1, "at": "2026-01-31T12:00:05.000250Z", "data": {"a": [1]}, "n_1": 1.5}
    assert second == {"name": None, "n": None, "at": "2026-01-31T00:00:00Z", "data": None, "n_1": 2}


def test_ndjson_is_one_object_a_line():
    """The same objects as in JSON."""
    assert [json.loads(line) for line in written("ndjson").splitlines()] == json.loads(written("json"))


def test_csv_is_read_back_as_it_was():
    """A heading, quoted line breaks, nothing for null."""
    heading, first, second = csv.reader(io.StringIO(written("csv")))
    assert heading == ["name", "n", "at", "data", "n"]
    assert first == ["one\ntwo", "1", "2026-01-31T12:00:05.000250Z", '{"a": [1]}', "1.5"]
    assert second[0] == ""


def test_a_table_has_a_line_a_row_and_numbers_to_the_right():
    """A line break inside a cell does not break the table."""
    heading, first, second = written("table").splitlines()
    assert first.startswith("one⏎two     1  2026-01-31 12:00:05.000250")
    assert second.startswith("null     null")
    assert heading.split() == ["name", "n", "at", "data", "n"]


@pytest.mark.parametrize(
    ("output_format", "nothing"), [("json", "[]\n"), ("ndjson", ""), ("csv", "a\n"), ("table", "a\n")]
)
def test_no_rows_are_still_well_formed(output_format, nothing):
    """An empty answer can be parsed."""
    assert written(output_format, RowSet(("a",), ("VARCHAR",), [])) == nothing


def test_a_table_is_cut_on_a_terminal_only(monkeypatch):
    """The widest column gives way; elsewhere every character is there."""
    monkeypatch.setenv("COLUMNS", "40")
    rows = RowSet(("id", "text"), ("VARCHAR", "VARCHAR"), [("1234567890", "x" * 100)])
    monkeypatch.setenv("NO_COLOR", "1")
    on_terminal = written("table", rows, Terminal())
    assert all(len(line) <= 40 for line in on_terminal.splitlines())
    assert "1234567890" in on_terminal
    assert "…" in on_terminal
    assert "x" * 100 in written("table", rows)


def test_rows_are_written_as_they_come():
    """A million rows need no memory: the first is out before the last is asked for."""
    out = io.StringIO()
    seen = []

    def rows():
        for number in range(3000):
            seen.append(out.tell() > 0)
            yield (number,)

    for output_format in ("ndjson", "csv", "table"):
        seen.clear()
        out.seek(0)
        out.truncate()
        write_rows(RowSet(("n",), ("INTEGER",), rows()), output_format, stream=out)
        assert seen[-1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (date(2026, 1, 31), '"2026-01-31"'),
        (float("nan"), "null"),
        (Decimal(3), "3"),
        (b"\xffa", '"�a"'),
        (True, "true"),
        (10**30, str(10**30)),
    ],
)
def test_every_value_has_a_json_form(value, shown):
    """What JSON cannot hold becomes null or text."""
    assert written("ndjson", RowSet(("a",), ("X",), [(value,)])) == f'{{"a": {shown}}}\n'


def test_control_characters_do_not_reach_the_terminal():
    """Neither colours nor a cursor that moves, nor text that runs backwards."""
    assert visible("a\x1b[31mb\x07c\u202ed\te\n") == "a␛[31mb␇c�d\te\n"
    assert visible("naïve 漢字 👩‍👩‍👧") == "naïve 漢字 👩‍👩‍👧"


def test_values_are_laid_out_by_indentation():
    """Short things stand behind their key, texts of several lines below it."""
    long = '"' + "x" * 80 + '"'
    value = {"q": "one\ntwo", "n": 1.5, "empty": [], "docs": [{"text": "x" * 80}, "y"], "none": None}
    assert list(pretty_lines(value)) == [
        "q:", "  one", "  two", "n: 1.5", "empty: []", "docs:", "  -", f"    text: {long}", '  - "y"', "none: null",
    ]  # fmt: skip
    assert list(pretty_lines("plain")) == ['"plain"']
