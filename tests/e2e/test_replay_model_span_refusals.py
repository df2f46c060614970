"""A model's span is not asked again where somebody changed it, nobody signed it, or what it needs is not there."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import complaint, treadle
from e2e.conftest import Project
from e2e.model_span_programs import CLAUDE, GPT, SAID, asked, record
from e2e.test_replay_forged import forge
from model_apis import ModelApi, Reply, completion
from treadle.errors import NotReplayableError, RefusedError, UsageError
from treadle.signing import load_key
from treadle_debugger.edits import of_step
from treadle_debugger.request import Instead

FORGED_ATTRIBUTES = json.dumps({**GPT, "gen_ai.request.model": "forged"}).replace("'", "''")
FORGERIES = {
    "an attribute": f"update finished set attributes = '{FORGED_ATTRIBUTES}'::json::variant where kind = 'llm'",
    "attributes that were taken away": "update finished set attributes = null where kind = 'llm'",
    "an end without its signature": "update finished set end_signature = null where kind = 'llm'",
    "a start without its signature": "update finished set start_signature = null where kind = 'llm'",
    "an answer": "update finished set output = '\"forged\"' where kind = 'llm'",
    "another name": "update finished set name = 'chat forged' where kind = 'llm'",
    "a tool that became a model": "update finished set kind = 'llm' where name = 'other'",
}


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=FORGERIES.keys())
def test_what_was_changed_in_the_store_is_not_sent(project: Project, statement: str, api: ModelApi) -> None:
    """Attributes are what a request is made of, so they are signed as well."""
    kind = "tool" if "tool" in statement or "other" in statement else "llm"
    given = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    name = "other" if kind == "tool" else "chat gpt-4o"
    trace_id, span_id = record(project, GPT, name=name, kind=kind, **given)
    forge(project, statement)
    with pytest.raises(RefusedError, match=r"(was changed after it was recorded|carries no signature).*look at it"):
        asked(project, trace_id, span_id)
    assert api.asked == []


def test_a_program_that_somebody_changed_is_not_started_for_it(project: Project, api: ModelApi, tmp_path: Path) -> None:
    """How the recorded program was started is no matter, and so is neither checked nor followed."""
    trace_id, span_id = record(project, GPT)
    ran, python = tmp_path / "ran", tmp_path / "python"
    python.write_text(f"#!/bin/sh\ntouch {ran}\n")
    python.chmod(0o755)
    forge(project, f"update process_rows set executable = '{python}', main_file = '{python}'")
    assert (asked(project, trace_id, span_id).verdict, len(api.asked)) == ("same", 1)
    assert not ran.exists()


def test_a_span_that_nobody_signed_is_asked_only_with_trust(project: Project, store: Path, api: ModelApi) -> None:
    """As one that another program wrote: it has no function, no input, and no output but its attributes."""
    answered = {"gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Spät."}]}]}
    load_key(create=True)
    trace, span = imported(store, {**GPT, **answered, "gen_ai.input.messages": SAID})
    command = ("replay", trace, "--step", span, "--yes")
    refused = treadle(*command)
    assert "carries no signature: look at it, then replay with --trust" in complaint(refused)
    assert api.asked == []
    trusted = treadle(*command, "--trust", "--format", "json")
    assert (trusted.code, trusted.json["verdict"]) == (0, "same"), trusted
    assert json.loads(api.asked[0].body)["messages"] == [{"role": "user", "content": "Wie spät?"}]


def imported(store: Path, attributes: dict[str, Any]) -> tuple[str, str]:
    """Write a journal as an import would; return a trace and its one span."""
    trace, span, process = "5" * 32, "6" * 16, "7" * 16
    ids = {"trace": trace, "span": span}
    now = time.time_ns()
    records: list[dict[str, Any]] = [
        {"r": "process", "process": process, "pid": 1, "argv": [], "cwd": "/nowhere", "host": "elsewhere"},
        {"r": "start", **ids, "name": "chat gpt-4o", "kind": "llm", "ord": "0", "thread": 1, "attrs": attributes},
        {"r": "end", **ids, "status": "ok", "attrs": {"gen_ai.response.id": "resp-1"}},
    ]
    journal = store / "journal" / f"{now}-1-{process}.0.ndjson"
    journal.parent.mkdir(parents=True)
    lines = (json.dumps({"v": 1, "n": n, "t": now + n, **held}) for n, held in enumerate(records))
    journal.write_text("".join(f"{line}\n" for line in lines))
    return trace, span


def test_a_key_goes_to_no_other_host(project: Project, api: ModelApi) -> None:
    """A redirect is the step's failure, and says where it would have led."""
    trace_id, span_id = record(project, GPT)
    with ModelApi(completion("stolen")) as other:
        api.reply = Reply(b"", 307, {"location": other.url.replace("127.0.0.1", "localhost") + "/v1/chat/completions"})
        result = asked(project, trace_id, span_id)
    assert (result.verdict, len(api.asked), other.asked) == ("regressed", 1, [])
    assert "307: it redirects to http://localhost" in result.sentence


def test_what_is_missing_is_told_before_anything_is_asked(
    project: Project, api: ModelApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content that was not captured, a key, an address: no trace is made, and the exit code is 2."""
    uncaptured = {name: value for name, value in GPT.items() if name != "gen_ai.input.messages"}
    trace_id, span_id = record(project, uncaptured)
    message = complaint(treadle("replay", trace_id, "--step", span_id, "--yes"))
    assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only" in message
    trace_id, span_id = record(project, GPT)
    traces = len(project.store.traces(limit=10))
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "set OPENAI_API_KEY" in complaint(treadle("replay", trace_id, "--step", span_id))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.delenv("OPENAI_BASE_URL")
    trace_id, span_id = record(project, {**GPT, "gen_ai.provider.name": "groq"})
    assert "by setting OPENAI_BASE_URL" in complaint(treadle("replay", trace_id, "--step", span_id, "--yes"))
    assert (len(project.store.traces(limit=10)), api.asked) == (traces + 1, [])


def test_without_network_nothing_is_asked(project: Project, api: ModelApi) -> None:
    """There is no other way to replay it."""
    trace_id, span_id = record(project, GPT)
    message = complaint(treadle("replay", trace_id, "--step", span_id, "--yes", "--no-network"))
    assert message == "chat gpt-4o has no function behind it: its model is asked over the network, or not at all"
    assert api.asked == []


def test_it_goes_live_only_where_it_is_named(project: Project, api: ModelApi) -> None:
    """Whoever replays the trace that it begins is told how; what may go live at all is asked before."""
    trace_id = project.record(PROGRAM_WITH_ROOT.format(attributes=GPT))
    span_id = project.store.recording(trace_id).calls[0].span_id
    message = complaint(treadle("replay", trace_id))
    assert message == f"replaying chat gpt-4o alone makes a real call: name it, with --step {span_id}"
    assert treadle("replay", trace_id, "--all-live", "--yes").code == 0
    assert len(api.asked) == 1


PROGRAM_WITH_ROOT = """
import treadle
with treadle.span("chat gpt-4o", kind="llm") as span:
    for name, value in {attributes!r}.items():
        span.set_attribute(name, value)
"""


def test_a_chain_runs_its_own_code_around_such_a_span(project: Project, api: ModelApi) -> None:
    """As before: the block cannot be answered, and is not asked by what it holds."""
    trace_id, _ = record(project, GPT)
    result = project.replay(trace_id)
    assert (result.verdict, api.asked) == ("diverged", [])
    assert "a block of kind llm cannot be answered" in result.sentence
    assert project.replay(trace_id, live=("chat*",)).verdict == "same"
    with pytest.raises(UsageError, match="is no function that could be given another argument"):
        project.replay(trace_id, instead=(Instead("chat*", "$.model", "m"),))
    assert api.asked == []


def test_a_hidden_answer_is_not_asked_for_again(project: Project, api: ModelApi) -> None:
    """It would be recorded."""
    hiding = "treadle.configure(hide_outputs=['kind=llm'])\nwith"
    program = PROGRAM_WITH_ROOT.format(attributes=GPT).replace("with", hiding, 1)
    trace_id = project.record(program)
    span_id = project.store.recording(trace_id).calls[0].span_id
    with pytest.raises(NotReplayableError, match=r"its answer was hidden \(hide_outputs\)"):
        asked(project, trace_id, span_id)
    assert api.asked == []


def test_a_request_that_held_a_secret_is_not_sent_without_it(project: Project, api: ModelApi) -> None:
    """What was masked is in no store, and what is left is another request; a masked answer stands in no way."""
    secret = "sk-proj-9876543210zyxwvutsrqZYXWVUTSRQ"
    told = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"My key is {secret}."}]}])
    trace_id, span_id = record(project, {**GPT, "gen_ai.input.messages": told})
    with pytest.raises(NotReplayableError, match=r"its gen_ai\.input\.messages held a secret, which was masked"):
        asked(project, trace_id, span_id)
    assert api.asked == []
    trace_id, span_id = record(project, {**GPT, "gen_ai.output.messages": told})
    assert asked(project, trace_id, span_id).verdict == "same"


def test_a_stream_is_not_asked_for(project: Project, api: ModelApi) -> None:
    """The answer comes whole: who wants it otherwise is told."""
    trace_id, span_id = record(project, CLAUDE)
    result = asked(project, trace_id, span_id, instead=(Instead("chat*", "$.stream", "true"),))
    assert (result.verdict, api.asked) == ("not replayable", [])
    assert "leave `stream` out" in result.sentence


def test_no_test_can_be_made_of_it(project: Project, api: ModelApi) -> None:
    """A test makes no real call."""
    trace_id, span_id = record(project, GPT)
    target = str(project.folder / "tests" / "test_it.py")
    message = complaint(treadle("replay", trace_id, "--step", span_id, "--export", target))
    assert message == "chat gpt-4o has no function that a test could call, and asks its model for real: no export"


def test_a_model_that_does_not_answer_is_timed_out(project: Project, api: ModelApi) -> None:
    """As every replay."""
    api.is_silent = True
    trace_id, span_id = record(project, GPT)
    result = project.replay(trace_id, step_id=span_id, live=(of_step(span_id),), timeout_s=3)
    assert (result.verdict, len(api.asked)) == ("timed out", 1)
