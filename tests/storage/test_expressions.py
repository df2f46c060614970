"""Conditions and watches: SQL about one step, or a glob on its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage import indexes
from storage.journals import JournalWriter, trace_id, write_example
from treadle_storage.index import Index
from treadle_storage.steps import WatchValue, watch_values_of


@pytest.fixture
def index(store: Path, index: Index) -> Index:
    """Return an index that holds the example chain."""
    with JournalWriter(store) as writer:
        write_example(writer)
    index.ingest()
    return index


def ask(index: Index, question: str, **args: Any) -> Any:
    """Ask about the example chain."""
    return indexes.ask(index, question, trace_id=trace_id(1), **args)


STEPS = ("answer", "retrieve", "chat gpt-4o", "parse")
CONDITIONS = {
    "retrieve": ["retrieve"],
    "*r*e*": ["retrieve", "parse"],
    "[ap]*": ["answer", "parse"],
    "status = 'error'": ["parse"],
    "kind = 'llm' and output_tokens > 50": ["chat gpt-4o"],
    "kind = 'llm' and output_tokens > 500": [],
    "output::text ilike '%sorry%'": ["chat gpt-4o"],
    "input->>'$.question' like 'Where%'": ["answer"],
    "attributes['gen_ai.provider.name'] = 'openai'": ["chat gpt-4o"],
    "name = 'x' or true -- all of them": list(STEPS),
    "output_tokens + 0": ["chat gpt-4o"],
    "name::int > 3": [],
    "model is null and status = 'ok'": ["answer", "retrieve"],
    "started_at > now() - interval 100 years": list(STEPS),
    "duration_ms > 5": ["answer"],
    "random() >= 0": list(STEPS),
    "list_contains(['a', 'parse'], name)": ["parse"],
    "error_type = 'ValueError'": ["parse"],
    "replayable and source = 'live' and seq < 3": ["answer"],
    "code_function = 'app:answer'": ["answer"],
}  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS.items())
def test_a_condition_holds_at_these_steps(index: Index, condition: str, expected: list[str]) -> None:
    """A bare word is a glob on the name, anything else SQL; a step where it cannot be computed is no hit."""
    found = ask(index, "hits", condition=condition)["hit"].values.tolist()
    assert [name for name, hit in zip(STEPS, found, strict=True) if hit] == expected


def test_watches_have_values_types_and_their_own_errors(index: Index) -> None:
    """One bad watch does not hide the others, and says what is wrong with it."""
    with index.cursor() as cursor:
        row = cursor.execute("select span_id from spans where kind = 'llm'").fetchone()
    assert row
    expressions = ["model", "output_tokens / 2", "error_type", "name::int", "nope", "name) or (true", "random() < 2"]
    found = watch_values_of(ask(index, "watch", span_id=row[0], expressions=expressions))
    assert found[:3] == [
        WatchValue("model", "gpt-4o", "VARCHAR", None),
        WatchValue("output_tokens / 2", "50.0", "DOUBLE", None),
        WatchValue("error_type", None, "VARCHAR", None),
    ]
    assert "chat gpt-4o" in (found[3].error or "")
    assert "nope" in (found[4].error or "")
    assert "syntax error" in (found[5].error or "")
    assert found[6] == WatchValue("random() < 2", "true", "BOOLEAN", None)
    assert watch_values_of(ask(index, "watch", span_id=row[0], expressions=[])) == []


@pytest.mark.parametrize("text", ["{shown}", "{computed}", "{place}", "{row}", "{column}", "{source}", "{condition}"])
def test_braces_in_an_expression_are_its_own(index: Index, text: str) -> None:
    """No text of a user's is taken for a place that the statement fills in."""
    span = f"{int(ask(index, 'tree')['span_id'].values[0]):016x}"
    (value,) = watch_values_of(ask(index, "watch", span_id=span, expressions=[f"'{text}'"]))
    assert (value.value, value.error) == (text, None)
    assert set(ask(index, "column", expression=f"'{text}'")["value"].texts()) == {text}
    assert ask(index, "hits", condition=f"'{text}' = '{text}'")["hit"].values.all()
    assert len(ask(index, "traces", where=f"'{text}' = '{text}'"))


def test_the_same_watch_twice_is_shown_twice(index: Index) -> None:
    """Order and number of the answers are those of the question."""
    with index.cursor() as cursor:
        row = cursor.execute("select span_id from spans where kind = 'llm'").fetchone()
    assert row
    found = watch_values_of(ask(index, "watch", span_id=row[0], expressions=["kind", "model", "kind"]))
    assert [value.value for value in found] == ["llm", "gpt-4o", "llm"]


def test_a_column_is_a_watch_over_all_steps(index: Index) -> None:
    """Null, and what cannot be computed, is None."""
    assert ask(index, "column", expression="upper(kind)")["value"].texts() == ["CHAIN", "RETRIEVER", "LLM", "CHAIN"]
    assert ask(index, "column", expression="name::int")["value"].texts() == [None] * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    {"norway": list(STEPS), "SORRY": ["chat gpt-4o"], "%": [], "no json": ["parse"]}.items(),
)
def test_search_looks_into_every_payload(index: Index, text: str, expected: list[str]) -> None:
    """Case does not count, and nothing in the text is a pattern."""
    found = ask(index, "search", text=text)["hit"].values.tolist()
    assert [name for name, hit in zip(STEPS, found, strict=True) if hit] == expected
