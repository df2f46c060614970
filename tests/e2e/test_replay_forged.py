"""A store that somebody changed to have an answer of their own served."""

import duckdb
import pytest

from e2e.conftest import Project
from treadle.errors import RefusedError

CHAIN = """
import treadle

@treadle.trace(kind="llm")
def generate(question):
    return question.upper()

@treadle.trace
def chain(question):
    return generate(question)

if __name__ == "__main__":
    chain("why?")
"""
FORGERIES = {
    "an answer of another kind": "kind = 'chain', output = '\"forged\"' where name = 'generate'",
    "a stream that was ended early": "status = 'interrupted', closed = true where name = 'generate'",
    "the result that a replay is judged by": "output = '\"forged\"' where name = 'chain'",
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES.keys())
def test_what_was_changed_in_the_store_is_refused(project: Project, change: str) -> None:
    """What could be served by today's code, and what a verdict compares with, must be what was recorded."""
    recorded = project.record(CHAIN)
    project.forget_store()
    with duckdb.connect(str(project.folder.parent / "store" / "treadle.duckdb")) as database:
        database.execute(f"update finished set {change}")
    with pytest.raises(RefusedError, match=r"was changed after it was recorded"):
        project.replay(recorded)
