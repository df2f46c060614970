"""Replaying a recording with today's code: verdicts, refusals, and what each says."""

import re

import pytest

from e2e.conftest import Project
from treadle.errors import NotFoundError, RefusedError, UsageError

CHAIN = """
import json, sys, treadle

@treadle.trace(kind="tool")
def look_up(city):
    with open("asked.txt", "a") as log:
        log.write(city + "\\n")
    return {"city": city, "weather": "wet"}

@treadle.trace(kind="llm")
def generate(prompt, *, style="plain"):
    with open("asked.txt", "a") as log:
        log.write(prompt + "\\n")
    return "Sure! " + json.dumps({"advice": prompt.split()[-1]})

@treadle.trace
def parse(text):
    return json.loads(text)

@treadle.trace
def chain(city):
    report = look_up(city)
    return parse(generate("It is " + report["weather"]))["advice"]

if __name__ == "__main__":
    try:
        chain("Oslo")
    except ValueError:
        pass
"""
MENDED = CHAIN.replace("json.loads(text)", "json.loads(text[text.index('{'):])")


def test_a_mended_function_fixes_the_recording(project: Project) -> None:
    """After the parsing is mended the same recording says fixed, and no effect ran again."""
    failed = project.record(CHAIN)
    before = (project.folder / "asked.txt").read_text()
    still = project.replay(failed)
    assert still.verdict == "still failing"
    assert still.exit_code == 1
    project.write(MENDED)
    fixed = project.replay(failed)
    assert (fixed.verdict, fixed.exit_code) == ("fixed", 0)
    assert (
        fixed.sentence
        == "it returned; it had raised JSONDecodeError: Expecting value: line 1 column 1 (char 0); edited since: parse"
    )
    assert [call.name for call in fixed.calls if call.is_edited] == ["parse"]
    assert fixed.counts == {"ran": 2, "served": 2}
    assert (project.folder / "asked.txt").read_text() == before


def test_a_replay_is_a_trace_of_its_own_linked_to_the_old_one(project: Project) -> None:
    """The new trace names the old one, and its answered steps name the steps they were answered from."""
    recorded = project.record(MENDED)
    result = project.replay(recorded)
    assert result.verdict == "same"
    assert result.trace_id is not None
    assert project.store.trace(result.trace_id).replay_of == recorded
    rows = project.store.sql(
        f"select name, source, served_from is not null from spans where trace_id = '{result.trace_id}' order by seq"
    )
    assert list(rows) == [
        ("chain", "live", False),
        ("look_up", "served", True),
        ("generate", "served", True),
        ("parse", "live", False),
    ]
    again = project.replay(result.trace_id)
    assert again.verdict == "same"


def test_what_broke_since_has_regressed(project: Project) -> None:
    """A recording that returned and now raises is a regression, with exit code 1."""
    recorded = project.record(MENDED)
    project.write(CHAIN)
    result = project.replay(recorded)
    assert (result.verdict, result.exit_code) == ("regressed", 1)


def test_another_result_is_a_change_with_its_place(project: Project) -> None:
    """Glue that returns something else is reported with both values."""
    recorded = project.record(MENDED)
    project.write(MENDED.replace('["advice"]', '["advice"].upper()'))
    result = project.replay(recorded)
    assert (result.verdict, result.exit_code) == ("changed", 1)
    assert result.sentence == "it returned something else: 'wet' -> 'WET'; edited since: chain"


def test_an_edited_prompt_diverges_and_nothing_goes_live(project: Project) -> None:
    """A changed argument of an effect stops the replay, names path and argument, and the effect does not run."""
    recorded = project.record(MENDED)
    before = (project.folder / "asked.txt").read_text()
    project.write(MENDED.replace("It is", "Today it is"))
    result = project.replay(recorded)
    assert (result.verdict, result.exit_code) == ("diverged", 1)
    assert "chain#0/generate#0: prompt: 'It is wet' -> 'Today it is wet'" in result.sentence
    assert "--live 'generate'" in result.sentence
    assert (project.folder / "asked.txt").read_text() == before


def test_live_lets_exactly_the_named_calls_run(project: Project) -> None:
    """With --live the changed call runs for real, the others are served, and the end counts as wanted."""
    recorded = project.record(MENDED)
    before = (project.folder / "asked.txt").read_text()
    project.write(MENDED.replace("It is", "Today it is very"))
    result = project.replay(recorded, live=("gen*",))
    assert (result.verdict, result.exit_code, result.counts["live"]) == ("same", 0, 1)
    assert (project.folder / "asked.txt").read_text() == before + "Today it is very wet\n"
    assert project.replay(recorded, live=("kind = 'llm'",)).counts == {"ran": 2, "served": 1, "live": 1}
    with pytest.raises(UsageError, match="fits no step"):
        project.replay(recorded, live=("kind = 'embedding'",))


def test_a_renamed_caller_and_a_helper_pulled_out_are_still_served(project: Project) -> None:
    """Effects are found again after the function around them was renamed or new code stands in between."""
    recorded = project.record(MENDED)
    moved = MENDED.replace("parse(", "read(").replace(
        'return read(generate("It is " + report["weather"]))',
        "return read(talk(report))",
    )
    helper = '@treadle.trace\ndef talk(report):\n    return generate("It is " + report["weather"])\n\n'
    project.write(moved.replace("@treadle.trace\ndef chain", f"{helper}@treadle.trace\ndef chain"))
    result = project.replay(recorded)
    assert (result.verdict, result.counts["served"]) == ("same", 2)
    assert {call.name: call.decision for call in result.calls}["talk"] == "ran"


def test_a_call_that_is_made_elsewhere_now_is_still_served(project: Project) -> None:
    """An effect that was moved into another function of the chain is answered, and told as moved."""
    recorded = project.record(MENDED)
    moved = MENDED.replace("def parse(text):", 'def parse(report):\n    text = generate("It is " + report["weather"])')
    project.write(moved.replace('parse(generate("It is " + report["weather"]))', "parse(report)"))
    result = project.replay(recorded)
    assert (result.verdict, result.counts["served"]) == ("same", 2)
    assert [call.name for call in result.calls if call.decision == "moved"] == ["generate"]


def test_a_call_that_is_no_longer_made_is_missing(project: Project) -> None:
    """The same result with an effect left out is a change that names the effect."""
    recorded = project.record(MENDED)
    project.write(MENDED.replace("report = look_up(city)", 'report = {"weather": "wet"}'))
    result = project.replay(recorded)
    assert (result.verdict, result.counts["missing"]) == ("changed", 1)
    assert "look_up was not asked for" in result.sentence


def test_an_answer_changed_in_the_store_is_refused(project: Project) -> None:
    """Replay refuses an answer that is not what was recorded, says which record, and serves it only when trusted."""
    import duckdb

    recorded = project.record(MENDED)
    step = next(call for call in project.store.recording(recorded).calls if call.name == "generate")
    project.forget_store()
    with duckdb.connect(str(project.folder.parent / "store" / "treadle.duckdb")) as database:
        columns = {
            row[0]
            for row in database.execute(
                "select column_name from duckdb_columns() where table_name = 'finished'"
            ).fetchall()
        }
        assert {"output", "name"} <= columns
        forged = r"""Sure! {\"advice\": \"swim\"}"""
        database.execute("update finished set output = ? where name = 'generate'", [f'"{forged}"'])
    with pytest.raises(RefusedError) as refusal:
        project.replay(recorded)
    assert str(refusal.value).startswith(
        f"the answer of generate (step {step.span_id}, record {step.seq} of its journal)"
    )
    assert "was changed after it was recorded" in str(refusal.value)
    assert refusal.value.exit_code == 2
    assert project.replay(recorded, trust=True).verdict == "changed"


def test_a_program_that_was_changed_in_the_store_is_not_started(project: Project) -> None:
    """Replay starts nothing whose interpreter, path, folder or main file is not what was recorded."""
    import duckdb

    recorded = project.record(MENDED)
    project.forget_store()
    with duckdb.connect(str(project.folder.parent / "store" / "treadle.duckdb")) as database:
        database.execute("update process_rows set executable = '/bin/echo'")
    with pytest.raises(RefusedError, match=r"how the program was started .* was changed after it was recorded"):
        project.replay(recorded)


def test_without_the_users_key_nothing_is_replayed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording of somebody else's is refused until it is trusted."""
    recorded = project.record(MENDED)
    monkeypatch.setenv("TREADLE_KEY_FILE", str(project.folder / "no-key"))
    with pytest.raises(RefusedError, match=r"no key"):
        project.replay(recorded)
    assert project.replay(recorded, trust=True).verdict == "same"


def test_one_step_is_replayed_alone(project: Project) -> None:
    """A step runs with its recorded arguments; one that is an effect only when it may go live."""
    recorded = project.record(MENDED)
    steps = {call.name: call.span_id for call in project.store.recording(recorded).calls}
    result = project.replay(recorded, step_id=steps["parse"])
    assert (result.verdict, result.counts) == ("same", {"ran": 1})
    with pytest.raises(RefusedError, match=r"makes a real call.*--live"):
        project.replay(recorded, step_id=steps["look_up"])
    alone = project.replay(recorded, step_id=steps["look_up"], live=("look_up",))
    assert (alone.verdict, alone.counts) == ("same", {"live": 1})
    with pytest.raises(NotFoundError):
        project.replay(recorded, step_id="0" * 16)


def test_an_edited_input_replaces_the_recorded_one(project: Project) -> None:
    """The first call gets what the user typed, and the end counts as wanted."""
    recorded = project.record(MENDED)
    steps = {call.name: call.span_id for call in project.store.recording(recorded).calls}
    result = project.replay(recorded, step_id=steps["parse"], root_input=b'{"text":"{\\"advice\\":\\"stay\\"}"}')
    assert (result.verdict, result.exit_code) == ("changed", 0)
    assert "'wet' -> 'stay'" in result.sentence


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda text: text.replace("def chain(", "def run("), r"the function chain is gone from .*program\.py"),
        (
            lambda text: text.replace("chain(city)", "chain(town)"),
            "chain has no parameter 'city' any more|new parameter",
        ),
        (lambda text: "import no_such_module\n" + text, r"program\.py no longer loads: ModuleNotFoundError"),
        (lambda text: text.replace("@treadle.trace\ndef chain", "def chain"), "not a traced function today"),
    ],
    ids=["renamed", "parameter gone", "import broken", "no longer traced"],
)
def test_what_cannot_be_called_again_says_why(project: Project, edit: object, sentence: str) -> None:
    """A function that is gone or does not fit any more is a verdict with a reason, exit code 2, and no traceback."""
    recorded = project.record(MENDED)
    assert callable(edit)
    project.write(edit(MENDED))
    result = project.replay(recorded)
    assert result.verdict in ("not replayable", "refused")
    assert result.exit_code == 2
    assert re.search(sentence, result.sentence), result.sentence
    assert "Traceback" not in project.printed()


def test_a_child_that_hangs_or_dies_has_a_verdict(project: Project) -> None:
    """A replay that does not end is ended at its timeout, and one that dies is said to have crashed."""
    recorded = project.record(MENDED)
    project.write(MENDED.replace("report = look_up(city)", "import time; time.sleep(600)"))
    assert project.replay(recorded, timeout_s=1.5).verdict == "timed out"
    project.write(MENDED.replace("report = look_up(city)", "import os; os._exit(3)"))
    crashed = project.replay(recorded)
    assert crashed.verdict == "crashed"
    assert "exit code 3" in crashed.sentence


def test_a_replay_that_cannot_be_recorded_runs_nothing(project: Project) -> None:
    """Where the store cannot be written the replay is refused before any of the program is loaded."""
    recorded = project.record(MENDED)
    before = (project.folder / "asked.txt").read_text()
    project.store.recording(recorded)
    journals = project.folder.parent / "store" / "journal"
    journals.rename(journals.with_name("moved"))
    journals.write_text("no folder any more")
    result = project.replay(recorded)
    assert (result.verdict, result.exit_code, result.counts) == ("refused", 2, {})
    assert (project.folder / "asked.txt").read_text() == before


def test_a_pattern_that_lets_nothing_run_is_told(project: Project) -> None:
    """A glob that fits no call is named in the result; one that fits only glue is refused with the effects' names."""
    recorded = project.record(MENDED)
    assert project.replay(recorded, live=("nothing*",)).idle_live == ("nothing*",)
    with pytest.raises(UsageError, match=r"fits only parse of this trace; its effects are look_up, generate"):
        project.replay(recorded, live=("parse",))
