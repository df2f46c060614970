"""`treadle replay` as scripts and people use it: exit codes, verdicts, and where the program's own output goes."""

from pathlib import Path

import duckdb
import pytest

from e2e.commands import complaint, recorded_run, treadle
from e2e.conftest import Project
from servers import Answer, ModelServer

CHAIN = """
import json, treadle

@treadle.trace(kind="llm")
def generate(prompt):
    print("asking the model", flush=True)
    return 'Sure: {"city": "Oslo"}'

@treadle.trace
def parse(text):
    print("parsing", flush=True)
    return json.loads(text)

@treadle.trace
def chain(question):
    return parse(generate(question))["city"]

if __name__ == "__main__":
    try:
        chain("Where?")
    except ValueError:
        pass
"""
MENDED = CHAIN.replace("json.loads(text)", "json.loads(text[text.index('{'):])")
SCRIPT = """
import json, openai, sys

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
messages = [{"role": "user", "content": "Where? In JSON."}]
answer = client.chat.completions.create(model="gpt-4o", messages=messages).choices[0].message.content
print(json.loads(answer))
"""


@pytest.fixture
def failed(project: Project) -> Project:
    """Record the chain that fails."""
    project.record(CHAIN)
    return project


@pytest.mark.usefixtures("failed")
def test_what_still_fails_ends_with_one() -> None:
    """Exit 1; the verdict is the last line of stdout, after what the program printed; the model was not asked."""
    ran = treadle("replay", "last-failed")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "parsing"
    assert ran.out.splitlines()[-1].startswith("still failing: it raised JSONDecodeError: Expecting value")
    assert "asking the model" not in ran.out + ran.err
    assert ran.err.startswith("last-failed is ")
    assert len(ran.err.splitlines()) == 1


def test_what_was_mended_ends_with_nought(failed: Project) -> None:
    """Exit 0 and `fixed`, of the same failed trace also the second time; the replays are traces of their own."""
    failed.write(MENDED)
    for _ in range(2):
        ran = treadle("replay", "last-failed")
        assert ran.code == 0
        assert ran.out.splitlines()[-1] == (
            "fixed: it returned; it had raised JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
            "; edited since: parse"
        )
    traces = treadle("traces", "--format", "json").json
    first = traces[-1]["trace_id"]
    assert [trace["replay_of"] for trace in traces] == [first, first, None]
    differing = treadle("diff", first, traces[0]["trace_id"], "--exit-code")
    assert differing.code == 1


def test_the_last_trace_stays_the_last_when_it_is_replayed(failed: Project) -> None:
    """`last` and `last-failed` are what a program recorded, for every command, and name the replay they pass over."""
    first = failed.newest()
    replays = [treadle("replay", name, "--format", "json") for name in ("last", "last", "last-failed")]
    assert [ran.json["replay_of"] for ran in replays] == [first] * 3
    made = [ran.json["trace_id"][:8] for ran in replays]
    assert [ran.err.splitlines()[0] for ran in replays] == [
        f"last is {first[:8]}: newest",
        f"last is {first[:8]}: newest, without the newer replay {made[0]}",
        f"last-failed is {first[:8]}: failed, without the newer replay {made[1]}",
    ]
    assert treadle("show", "last", "--format", "json").json["trace"]["trace_id"] == first


def test_json_alone_is_on_stdout(failed: Project) -> None:
    """With `--format json` stdout is one document, with the same exit codes; the program prints to stderr."""
    for source, verdict, code in ((CHAIN, "still failing", 1), (MENDED, "fixed", 0)):
        failed.write(source)
        ran = treadle("replay", "last-failed", "--format", "json")
        assert ran.code == code
        assert (ran.json["verdict"], ran.json["exit_code"]) == (verdict, code)
        assert ran.json["counts"] == {"ran": 2, "served": 1}
        assert [(call["name"], call["decision"]) for call in ran.json["calls"]] == [
            ("chain", "ran"),
            ("generate", "served"),
            ("parse", "ran"),
        ]
        assert [call["edited"] for call in ran.json["calls"]] == [False, False, source == MENDED]
        assert ran.err.splitlines()[1:] == ["parsing"]


def test_an_answer_that_was_changed_is_refused(failed: Project, store: Path) -> None:
    """Exit 2, nothing on stdout in either format, and one line that names the record; with `--trust` it is replayed."""
    failed.forget_store()
    with duckdb.connect(str(store / "treadle.duckdb")) as database:
        database.execute("update finished set output = '\"{}\"' where name = 'generate'")
    for output_format in ("table", "json"):
        said = complaint(treadle("replay", "last-failed", "--format", output_format))
        assert said.startswith("the answer of generate (step ")
        assert "was changed after it was recorded" in said
    trusted = treadle("replay", "last-failed", "--trust")
    assert trusted.code == 1
    assert "KeyError: 'city'" in trusted.out.splitlines()[-1]


def test_what_would_go_live_stops_the_replay(failed: Project) -> None:
    """A changed prompt is told with path and values, and runs for real only when it is named."""
    failed.write(MENDED.replace("generate(question)", "generate(question.upper())"))
    ran = treadle("replay", "last-failed")
    assert ran.code == 1
    assert ran.out.splitlines()[-1].startswith("diverged: ")
    assert "prompt: 'Where?' -> 'WHERE?'" in ran.out
    assert "asking the model" not in ran.out
    live = treadle("replay", "last-failed", "--live", "generate", "--yes")
    assert (live.code, live.out.splitlines()[:2]) == (0, ["asking the model", "parsing"])


def test_a_script_without_a_decorator_is_replayed_whole(project: Project, model_server: ModelServer) -> None:
    """What `treadle run` recorded runs again with the server gone; mended, it prints what it should have."""
    model_server.script(Answer('Sure: {"city": "Oslo"}'))
    project.write(SCRIPT)
    recorded = recorded_run("run", str(project.program), model_server.base_url, cwd=project.folder)
    assert recorded.code == 1
    assert "JSONDecodeError" in recorded.err
    model_server.stop()
    assert treadle("replay", "last-failed").code == 1
    project.write(SCRIPT.replace("json.loads(answer)", "json.loads(answer[answer.index('{'):])"))
    ran = treadle("replay", "last-failed")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "{'city': 'Oslo'}")
    assert ran.out.splitlines()[-1].startswith("fixed: ")
    assert model_server.count == 1
