"""`treadle sql` over what a real client recorded: four formats, and one clear line for what cannot be run."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import treadle_storage
from e2e.commands import complaint, treadle
from owners import end_owner
from programs import python
from servers import Answer, ModelServer
from treadle.errors import QueryError
from treadle_debugger.session import Session

QUERY = "select model, count(*), sum(output_tokens) from llm_calls group by 1"
PROGRAM = """
import openai, sys, treadle

treadle.instrument()
client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)

def ask(model, **options):
    messages = [{"role": "user", "content": "Say, please"}]
    return client.chat.completions.create(model=model, messages=messages, **options)

@treadle.trace
def chain():
    ask("gpt-4o")
    for chunk in ask("gpt-4o", stream=True, stream_options={"include_usage": True}):
        pass
    ask("o4-mini")
    with ask("gpt-4o-mini", stream=True) as cut_off:
        next(iter(cut_off))
    return "done"

chain()
"""
NAMES = ("model", "count_star()", "sum(output_tokens)")
EXPECTED = {("gpt-4o", 2, 2 + 3), ("o4-mini", 1, 4), ("gpt-4o-mini", 1, None)}
"""Of a stream that was cut off, or that was not asked for its usage, nobody knows the tokens."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a store with four calls of three models, two of them streams."""
    folder = tmp_path_factory.mktemp("asked")
    store = folder / "store"
    with ModelServer() as server:
        server.script(Answer("one two"), Answer("one two three"), Answer("one two three four"), Answer("cut off"))
        keys = {"TREADLE_STORE": str(store), "TREADLE_KEY_FILE": str(folder / "key")}
        python(PROGRAM, server.base_url, cwd=folder, **keys)
    yield store
    end_owner(store)


@pytest.fixture(autouse=True)
def _ask_the_recorded(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_STORE", str(recorded))


def test_calls_and_tokens_by_model_in_all_four_formats() -> None:
    """The same three rows come as a table, as JSON, as JSON lines and as CSV; on stderr only how many they are."""
    ran = {name: treadle("sql", QUERY, "--format", name) for name in ("table", "json", "ndjson", "csv")}
    assert [each.code for each in ran.values()] == [0] * 4
    assert [each.err for each in ran.values()] == ["3 rows\n", "", "", ""]

    heading, *rows = csv.reader(io.StringIO(ran["csv"].out))
    assert tuple(heading) == NAMES
    assert {(model, int(calls), int(tokens) if tokens else None) for model, calls, tokens in rows} == EXPECTED
    lines = [json.loads(line) for line in ran["ndjson"].out.splitlines()]
    for objects in (ran["json"].json, lines):
        assert {tuple(row[name] for name in NAMES) for row in objects} == EXPECTED
    heading, *rows = [line.split() for line in ran["table"].out.splitlines()]
    assert tuple(heading) == NAMES
    assert {(model, int(calls), None if tokens == "null" else int(tokens)) for model, calls, tokens in rows} == EXPECTED


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("drop table x", "only SELECT may be run"),
        ("drop view spans", "only SELECT may be run"),
        ("insert into scores values (1)", "only SELECT may be run"),
        ("select nope from llm_calls", '"nope" not found'),
        ("select * from no_such_view", "no_such_view"),
        ("selec model from llm_calls", 'syntax error at or near "selec"'),
        ("select (1", "syntax error"),
        (" -- nothing", "nothing to run"),
        ("select 1; drop table x", "one query at a time"),
        ("select 'four'::integer", "Could not convert string 'four'"),
        ("select * from read_text('/etc/passwd')", "read_text() may not be read"),
    ],
)
def test_what_cannot_be_run_is_one_clear_line(query: str, said: str) -> None:
    """Exit 2, nothing on stdout, one line on stderr that names what is wrong."""
    assert said in complaint(treadle("sql", query, "--format", "csv"))


def test_a_breakpoint_that_would_escape_the_trace_is_refused(recorded: Path) -> None:
    """`name='x') or (1=1` is no condition: neither the session takes it nor the store answers it, and none is left."""
    escaping = "name='x') or (1=1"
    with treadle_storage.open(recorded) as store:
        trace_id = store.resolve("last").trace_id
        session = Session(store, trace_id)
        with pytest.raises(QueryError, match="cannot read"):
            session.breakpoints.add(escaping)
        assert len(session.breakpoints) == 0
        assert store.marks() == []
        with pytest.raises(QueryError, match="cannot read"):
            store.hits(trace_id, escaping)
        session.breakpoints.add("kind = 'llm' and output_tokens > 3")
        assert session.breakpoints.stops().sum() == 1
    assert escaping in complaint(treadle("traces", "--where", escaping))
