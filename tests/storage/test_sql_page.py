"""The page on SQL: its queries run, their outputs are what it prints, and the columns are those that the views have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from storage.asked_store import write_desk
from storage.indexes import ingest_all, rows
from storage.sql_page import ASKED, PAGE, answered
from treadle_storage.index import Index

TEXT = PAGE.read_text()
QUESTIONS = dict(re.findall(r"### ([^\n]+)\n\n```sql\n(.*?)```", TEXT, re.DOTALL))
OUTPUTS = {found["query"]: found["output"] for found in ASKED.finditer(TEXT)}
VIEWS = dict(re.findall(r"### (\w+)\n\n.+\n\n\| column \| type \| \|\n\| --- \| --- \| --- \|\n((?:\|.+\n)+)", TEXT))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Open an index on the store that the page asks."""
    store = tmp_path_factory.mktemp("desk") / "store"
    write_desk(store)
    opened_index = Index(store)
    ingest_all(opened_index)
    yield opened_index
    opened_index.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_page_prints_what_a_query_gives(desk: Index, question: str) -> None:
    """Every question of the page has rows, and they are those printed: else `python docs/make_sql.py`."""
    query = QUESTIONS[question]
    assert answered(desk, query) == OUTPUTS[query]
    assert OUTPUTS[query].count("\n") > 1


def test_the_page_has_the_questions_and_the_views_of_the_contract() -> None:
    """Twenty questions and more, and every public view."""
    assert len(QUESTIONS) >= 20
    promised = {"spans", "traces", "messages", "events", "scores", "processes"}
    assert set(VIEWS) == promised | {"llm_calls", "tool_calls", "retrievals", "errors", "sessions", "sources"}


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_has_the_columns_of_a_view(desk: Index, view: str) -> None:
    """Names, order and types are a public contract: what the page says is what the view has."""
    listed = re.findall(r"\| `(\w+)` \| (\S+) \|", VIEWS[view])
    assert listed == [(name, type_name) for name, type_name, *_ in rows(desk, f"describe {view}")]
