"""Replaying programs: undecorated scripts, scripts without a guard, processes that they start, interpreters."""

import pytest

from e2e.conftest import Project
from e2e.test_replay import MENDED
from servers import Answer, ModelServer
from treadle.errors import NotReplayableError

SCRIPT = """
import os, sys
import openai

client = openai.OpenAI(base_url=os.environ["MODEL_URL"], api_key="none", max_retries=0)
stream = client.chat.completions.create(
    model="m", messages=[{"role": "user", "content": sys.argv[1]}], stream=True
)
print("".join(chunk.choices[0].delta.content or "" for chunk in stream))
try:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "too much"}])
except openai.RateLimitError as error:
    print("limited:", error.status_code)
"""


def test_an_undecorated_script_is_one_trace_and_replays_whole(
    project: Project, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script under `treadle run` runs again with its arguments, its client's answers and errors served."""
    from programs import traced

    monkeypatch.setenv("MODEL_URL", model_server.base_url)
    model_server.script(Answer("a streamed answer"), Answer("slow down", status=429))
    project.write(SCRIPT)
    live = traced(str(project.program), "a question", cwd=project.folder)
    assert live.returncode == 0, live.stderr
    model_server.stop()
    result = project.replay(project.newest())
    assert (result.verdict, result.sentence) == ("same", "it returned what was recorded")
    assert result.counts == {"ran": 1, "served": 2}
    assert project.printed() == live.stdout == "a streamed answer\nlimited: 429\n"


def test_a_program_under_a_name_of_its_own_replays(project: Project) -> None:
    """`treadle run --name` names the root step, and the replay finds it."""
    from programs import python

    project.write(MENDED)
    run = "import sys; from treadle import program; program.run_file(sys.argv[1], [], name='nightly')"
    python(run, str(project.program), cwd=project.folder)
    result = project.replay(project.newest())
    assert (result.verdict, result.counts) == ("same", {"ran": 3, "served": 2})


def test_a_model_call_is_asked_again_with_an_edited_request(
    project: Project, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request goes live alone, edited, and only to where this machine's own settings say."""
    from programs import traced

    monkeypatch.setenv("MODEL_URL", model_server.base_url)
    project.write(SCRIPT)
    assert traced(str(project.program), "a question", cwd=project.folder).returncode == 0
    recorded = project.newest()
    request = next(call for call in project.store.recording(recorded).calls if call.kind == "llm")
    nowhere = project.replay(recorded, step_id=request.span_id, live=("kind = 'llm'",))
    assert (nowhere.verdict, "OPENAI_BASE_URL" in nowhere.sentence) == ("not replayable", True)
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    again = project.replay(recorded, step_id=request.span_id, live=("kind = 'llm'",))
    assert (again.verdict, again.counts) == ("same", {"live": 1})
    edited = project.replay(
        recorded,
        step_id=request.span_id,
        live=("kind = 'llm'",),
        root_input=request.input_tagged.replace(b"a question", b"another"),
    )
    assert (edited.verdict, edited.exit_code) == ("changed", 0)
    assert "'echo: a question' -> 'echo: another'" in edited.sentence


def test_a_script_without_a_guard_is_replayed_by_its_definitions(project: Project) -> None:
    """What it does as soon as it is loaded is not done again."""
    recorded = project.record(MENDED.replace('if __name__ == "__main__":', "if True:"))
    before = (project.folder / "asked.txt").read_text()
    result = project.replay(recorded)
    assert (result.verdict, result.counts) == ("same", {"ran": 2, "served": 2})
    assert (project.folder / "asked.txt").read_text() == before


STARTS_PROCESSES = """
import multiprocessing, treadle
from concurrent.futures import ProcessPoolExecutor

@treadle.trace(kind="tool")
def pay(amount):
    with open("asked.txt", "a") as log:
        log.write(f"{amount}\\n")
    return amount

@treadle.trace
def chain():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(pay, 7).result()
"""


def test_no_effect_goes_live_in_a_process_that_a_replay_starts(project: Project) -> None:
    """A spawned worker has no recording to answer from: its effect stops the replay instead of being made."""
    (project.folder / "payments.py").write_text(STARTS_PROCESSES)
    recorded = project.record("import payments\nif __name__ == '__main__':\n    payments.chain()")
    trace = project.store.sql("select trace_id from spans where name = 'chain'").fetchall()[0][0]
    assert recorded
    before = (project.folder / "asked.txt").read_text()
    result = project.replay(trace)
    assert (result.verdict, result.exit_code) == ("diverged", 1), result.sentence
    assert "in a process that the replayed program started" in result.sentence
    assert (project.folder / "asked.txt").read_text() == before == "7\n"


def test_a_trace_that_was_typed_into_an_interpreter_says_so(project: Project) -> None:
    """What has no source any more is not replayable, with the reason."""
    from programs import python

    python("import treadle\n@treadle.trace\ndef chain(): return 1\nchain()", cwd=project.folder)
    result_or_error = None
    try:
        result_or_error = project.replay(project.newest()).sentence
    except NotReplayableError as error:
        result_or_error = str(error)
    assert "typed into an interpreter" in result_or_error
