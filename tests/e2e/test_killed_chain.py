"""A chain killed by `kill -9` in the middle of its third call, a stream: what of it is left to look at."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import treadle
from servers import Answer, Hang, ModelServer

PROGRAM = """
import openai, sys, treadle

treadle.instrument()
client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)

@treadle.trace(kind="tool")
def look_up(city):
    return {"city": city, "weather": "wet"}

def plan(report):
    messages = [{"role": "user", "content": "It is " + report["weather"]}]
    return client.chat.completions.create(model="gpt-4o", messages=messages).choices[0].message.content

@treadle.trace
def advise(city):
    text = plan(look_up(city))
    messages = [{"role": "user", "content": "Write: " + text}]
    for chunk in client.chat.completions.create(model="gpt-4o", messages=messages, stream=True):
        print(chunk.choices[0].delta.content, flush=True)

advise("Oslo")
"""
CHUNKS = ["", "Take", " an", " umbrella"]


@pytest.fixture
def killed(tmp_path: Path, model_server: ModelServer) -> None:
    """Record the chain, and kill it when it has read four chunks and waits for the fifth."""
    (tmp_path / "program.py").write_text(PROGRAM)
    model_server.script(
        Answer("an umbrella"), Answer("Take an umbrella and a scarf", hang=Hang(after_chunks=len(CHUNKS)))
    )
    command = [sys.executable, str(tmp_path / "program.py"), model_server.base_url]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert [program.stdout.readline().rstrip("\n") for _ in CHUNKS] == CHUNKS
        program.send_signal(signal.SIGKILL)


def steps(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the steps of a shown trace by what they are."""
    named = {"advise": "root", "look_up": "tool"}
    llm = iter(("plan", "stream"))
    return {named.get(step["name"]) or next(llm): step for step in document["steps"]}


@pytest.mark.usefixtures("killed")
def test_what_was_finished_is_whole_and_the_rest_is_interrupted() -> None:
    """Finished calls have inputs and outputs, the stream its inputs and every chunk that had come, the root no end."""
    shown = treadle("show", "last", "--format", "json")
    assert shown.code == 0, shown.err
    assert shown.json["trace"]["status"] == "interrupted"
    found = steps(shown.json)
    assert {what: step["status"] for what, step in found.items()} == {
        "root": "interrupted",
        "tool": "ok",
        "plan": "ok",
        "stream": "interrupted",
    }
    assert found["root"]["input"] == {"city": "Oslo"}
    assert found["tool"]["output"] == {"city": "Oslo", "weather": "wet"}
    assert found["plan"]["output"]["choices"][0]["message"]["content"] == "an umbrella"
    assert found["stream"]["input"]["messages"][0]["content"] == "Write: an umbrella"
    assert found["stream"]["output"] is None
    stream = treadle("show", "last", "--step", found["stream"]["span_id"], "--format", "json").json
    assert [event["attributes"]["choices"][0]["delta"]["content"] for event in stream["events"]] == CHUNKS


@pytest.mark.usefixtures("killed")
def test_it_reads_well() -> None:
    """Without options it prints the same: both answers, the state of the stream and of the root, the text so far."""
    shown = treadle("show", "last")
    assert shown.code == 0, shown.err
    heading, *lines = shown.out.splitlines()
    assert "⊘ interrupted" in heading
    root, tool, plan, stream = lines[:4]
    assert root.startswith("⊘ CHN advise")
    assert tool.startswith("✓   TOL look_up")
    assert '→ {"city":"Oslo","weather":"wet"}' in tool
    assert plan.startswith("✓   LLM ")
    assert plan.endswith("→ an umbrella")
    assert stream.startswith("⊘   LLM ")
    detail = "\n".join(lines[4:])
    assert "user       Write: an umbrella" in detail
    assert f'chunks ({len(CHUNKS)} had come)\n  "Take an umbrella"' in detail
