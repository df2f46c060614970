"""Indexes in tests: brought up to date, and asked."""

from typing import Any

from treadle_storage.index import Index


def ingest_all(index: Index) -> int:
    """Ingest until nothing is left; return how many spans came."""
    spans = 0
    while (progress := index.ingest()).changed or progress.backlog_bytes:
        spans += progress.new_spans
    return spans


def rows(index: Index, query: str) -> list[tuple[Any, ...]]:
    """Run a query on the index."""
    with index.cursor() as cursor:
        return cursor.execute(query).fetchall()


def ask(index: Index, question: str, **args: Any) -> Any:
    """Ask on a cursor of its own."""
    with index.cursor() as cursor:
        return index.ask(question, args, cursor)
