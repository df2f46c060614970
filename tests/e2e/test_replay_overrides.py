"""Replays in which something is other than recorded because the user says so."""

import threading
from pathlib import Path

import pytest

from e2e.conftest import Project
from e2e.order_chain import CHAIN, asked, decisions, output, step
from treadle.errors import NotFoundError, RefusedError, ReplayStoppedError, UsageError
from treadle_debugger.forecast import forecast
from treadle_debugger.replaying import Control, Request
from treadle_debugger.request import Instead
from waiting import wait_until


@pytest.fixture
def recorded(project: Project) -> str:
    """Record the chain, and forget what it asked for real."""
    trace_id = project.record(CHAIN)
    (project.folder / "asked.txt").unlink()
    return trace_id


def test_an_argument_is_changed_and_what_depends_on_it_runs(project: Project, recorded: str) -> None:
    """The named call is given it for real, what it changes runs for real, what it does not is served."""
    result = project.replay(
        recorded, instead=(Instead("generate", "$.messages[1].content", "coffee"),), with_effects=True
    )
    assert (result.verdict, result.exit_code) == ("changed", 0)
    assert output(project, result) == '"SMALL SAYS COFFEE "'
    assert asked(project) == ["small: coffee", "stream SMALL SAYS COFFEE"]
    assert decisions(result) == {
        "chain": "ran", "retrieve": "served", "generate": "live", "shout": "ran", "stream": "live", "refund": "served",
    }  # fmt: skip
    assert [call.given for call in result.calls if call.given] == [("$.messages[1].content",)]
    new = project.store.step(str(result.trace_id), step(project, str(result.trace_id), "generate"))
    assert new.input_tagged is not None
    assert b'"content":"coffee"' in new.input_tagged


def test_a_changed_argument_keeps_the_type_that_it_had(project: Project, recorded: str) -> None:
    """Inside an object of the project's, and a tuple stays one; glue and generators are given theirs too."""
    changed = (Instead("retrieve", "$.order.lines", '["wine"]'), Instead("shout", "text", '"quiet"'))
    result = project.replay(recorded, instead=changed)
    assert asked(project)[:2] == ["retrieve 7 ('wine',)", "small: about wine"]
    assert output(project, result) == '"QUIET "'
    streamed = project.replay(recorded, instead=(Instead("kind = 'llm' and name = 'stream'", "prompt", "a b c"),))
    assert output(project, streamed) == '"a b c "'


def test_an_answer_is_replaced_and_what_depends_on_it_runs(project: Project, recorded: str) -> None:
    """The call does not run, and is marked as overridden in the new trace; a stream's answer is what it yields."""
    result = project.replay(recorded, instead=(Instead("retrieve", None, '["tulips"]'),))
    assert decisions(result)["retrieve"] == "overridden"
    assert asked(project) == ["small: tulips", "stream SMALL SAYS TULIPS"]
    span = step(project, str(result.trace_id), "retrieve")
    assert project.store.step(str(result.trace_id), span).source == "overridden"
    for said, heard in (('"hush"', '"hush"'), ('["a", "b"]', '"ab"')):
        streamed = project.replay(recorded, instead=(Instead("stream", None, said),))
        assert (output(project, streamed), decisions(streamed)["stream"]) == (heard, "overridden")


def test_a_result_can_be_given_to_glue(project: Project, recorded: str) -> None:
    """A chain's own function is skipped as an effect would be."""
    result = project.replay(recorded, instead=(Instead("shout", None, "WHISPER"),))
    assert output(project, result) == '"WHISPER "'


def test_from_a_step_on_everything_runs(project: Project, recorded: str) -> None:
    """What began before is served, the step and what follows runs for real."""
    result = project.replay(recorded, from_id=step(project, recorded, "stream"), with_effects=True)
    assert (result.verdict, result.exit_code) == ("same", 0)
    assert asked(project) == ["stream SMALL SAYS ABOUT TEA", "refund 7"]
    with pytest.raises(NotFoundError, match="has no step"):
        project.replay(recorded, from_id="0" * 16)


def test_before_the_step_nothing_new_goes_live(project: Project, recorded: str) -> None:
    """A call that is changed before the step is reached diverges, as without it."""
    project.write(CHAIN.replace("Be kind.", "Be curt."))
    result = project.replay(recorded, from_id=step(project, recorded, "stream"))
    assert (result.verdict, asked(project)) == ("diverged", [])


def test_another_model_is_asked(project: Project, recorded: str) -> None:
    """Each model call that is given a model by name is given that, and what depends on it runs."""
    result = project.replay(recorded, model="large")
    assert asked(project) == ["large: about tea", "stream LARGE SAYS ABOUT TEA"]
    assert result.exit_code == 0


def test_all_live_runs_everything(project: Project, recorded: str) -> None:
    """But not what may not be called again without harm, unless that is said too."""
    withheld = project.replay(recorded, all_live=True)
    assert (withheld.verdict, decisions(withheld)["refund"]) == ("diverged", "withheld")
    assert "--allow-effects" in withheld.sentence
    assert not any(line.startswith("refund") for line in asked(project))
    allowed = project.replay(recorded, all_live=True, with_effects=True)
    assert allowed.counts["live"] == 4
    assert asked(project)[-1] == "refund 7"


def test_changed_calls_run_where_that_is_allowed(project: Project, recorded: str) -> None:
    """After an edited prompt exactly the calls that depend on it run for real."""
    project.write(CHAIN.replace('"content": found[0]', '"content": "More " + found[0]'))
    assert project.replay(recorded).verdict == "diverged"
    result = project.replay(recorded, live_changed=True)
    assert (result.verdict, result.exit_code) == ("changed", 0)
    assert asked(project) == ["small: More about tea", "stream SMALL SAYS MORE ABOUT TEA"]


def test_strictly_glue_may_not_change_either(project: Project, recorded: str) -> None:
    """A function that is called with something else, or that is new, or a call that is missing, is an error."""
    project.write(CHAIN.replace("shout(said)", "shout(said.strip('s'))").replace("text.upper()", "text.upper()[:0]"))
    edited = CHAIN.replace("shout(said)", "shout(' ' + said)").replace("text.upper()", "text.upper().strip()")
    project.write(edited)
    assert project.replay(recorded).verdict == "same"
    strict = project.replay(recorded, strict=True)
    assert (strict.verdict, strict.exit_code) == ("diverged", 1)
    said = "chain#0/shout#0: text: 'small says about tea' -> ' small says about tea'"
    assert strict.sentence == f"{said}; edited since: chain, shout"
    project.write(CHAIN.replace("    refund(order.number)\n", ""))
    assert project.replay(recorded).sentence == ("the same result, but refund was not asked for; edited since: chain")
    assert project.replay(recorded, strict=True).verdict == "diverged"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (Instead("nobody", "a", "1"), "--set 'nobody' fits no step; the steps are chain, retrieve"),
        (Instead("nobody", None, "1"), "--result 'nobody' fits no step"),
        (Instead("generate", "$.nothing", "1"), "generate has no argument $.nothing; it has messages, model"),
        (Instead("generate", "$.messages[", "1"), "the path '$.messages[' is not understood at '['"),
        (Instead("generate", "$", "1"), "has no argument"),
    ],
)
def test_what_cannot_be_given_is_said_before_anything_runs(
    project: Project, recorded: str, changed: Instead, sentence: str
) -> None:
    """With what there is instead."""
    with pytest.raises(UsageError) as raised:
        project.replay(recorded, instead=(changed,))
    assert sentence in str(raised.value)


def test_a_place_that_the_program_no_longer_has_stops_the_replay(project: Project, recorded: str) -> None:
    """It is found when the call is made, and said with the path."""
    result = project.replay(recorded, instead=(Instead("generate", "$.messages[7].content", "x"),))
    assert result.verdict == "diverged"
    assert "there is no $.messages[7]" in result.sentence


def test_a_step_alone_is_given_another_argument(project: Project, recorded: str) -> None:
    """An effect runs for real then, which is what was asked for."""
    changed = (Instead("generate", "messages[-1].content", "wine"),)
    result = project.replay(recorded, step_id=step(project, recorded, "generate"), instead=changed)
    assert output(project, result) == '"small says wine"'
    with pytest.raises(RefusedError, match="makes a real call"):
        project.replay(recorded, step_id=step(project, recorded, "generate"))


def test_what_would_go_live_is_told_before(project: Project, recorded: str) -> None:
    """The calls that are named, those that may change, and what they cost in the recording."""
    told = forecast(project.store, Request(recorded, live=("stream",)))
    assert [(calls.name, calls.count) for calls in told.certain] == [("stream", 1)]
    assert (told.possible, told.cost_usd) == ((), None)
    told = forecast(project.store, Request(recorded, instead=(Instead("retrieve", None, '["x"]'),)))
    assert told.certain == ()
    assert [calls.name for calls in told.possible] == ["generate", "stream", "refund"]
    assert forecast(project.store, Request(recorded)).is_empty


def test_a_replay_is_followed_call_by_call_and_can_be_stopped(project: Project, recorded: str) -> None:
    """Whoever stops it is told so, and the program's process is gone."""
    lines: list[str] = []
    project.replay(recorded, control=Control(on_line=lambda line: lines.append(line.get("name", line.get("outcome")))))
    assert lines == ["chain", "retrieve", "generate", "shout", "stream", "refund", "returned"]
    project.write(CHAIN.replace("return text.upper()", "open('pid', 'w').write(str(os.getpid())); time.sleep(600)"))
    project.write("import os, time\n" + project.program.read_text())
    control = Control()
    pid_file = project.folder / "pid"
    thread = threading.Thread(target=lambda: (wait_until(pid_file.exists, timeout_s=60), control.stop.set()))
    thread.start()
    with pytest.raises(ReplayStoppedError):
        project.replay(recorded, control=control)
    thread.join()
    assert not Path("/proc", pid_file.read_text()).exists()


def test_what_must_run_to_reach_a_live_call_is_told_too(project: Project) -> None:
    """A tool around a model call runs for real where that does, and so the user is asked about both."""
    recorded = project.record(
        """
import treadle

@treadle.trace(kind="llm")
def generate(text): return text.upper()

@treadle.trace(kind="tool")
def charge(card): return generate(card)

@treadle.trace
def chain(card): return charge(card)

if __name__ == "__main__":
    chain("4242")
"""
    )
    told = forecast(project.store, Request(recorded, live=("generate",)))
    assert sorted((calls.name, calls.count) for calls in told.certain) == [("charge", 1), ("generate", 1)]
    told = forecast(project.store, Request(recorded, all_live=True, instead=(Instead("generate", None, "x"),)))
    assert [calls.name for calls in told.certain] == ["charge"]


def test_what_is_below_a_given_answer_is_not_missing(project: Project) -> None:
    """It was not to be called."""
    recorded = project.record(
        """
import treadle

@treadle.trace(kind="llm")
def generate(text): return text.upper()

@treadle.trace(kind="tool")
def charge(card): return generate(card)

@treadle.trace
def chain(card): return charge(card)

if __name__ == "__main__":
    chain("4242")
"""
    )
    result = project.replay(recorded, instead=(Instead("charge", None, "paid"),), strict=True)
    assert (result.verdict, result.counts) == ("changed", {"ran": 1, "overridden": 1})


def test_a_pattern_that_fitted_what_was_withheld_is_not_idle(project: Project, recorded: str) -> None:
    """It was no typing error: something else is missing."""
    result = project.replay(recorded, live=("refund",))
    assert (result.counts["withheld"], result.idle_live) == (1, ())


def test_in_the_place_of_a_text_json_is_a_text(project: Project, recorded: str) -> None:
    """Of an argument, of an answer and of a stream: models speak JSON."""
    typed = '{"a": 1}'
    for name, path in (("shout", "$.text"), ("generate", None), ("stream", None)):
        result = project.replay(recorded, instead=(Instead(name, path, typed),))
        assert output(project, result).upper().replace("\\", "").strip('" ') == typed.upper(), name


def test_what_was_changed_before_does_not_run_for_what_is_given_later(project: Project, recorded: str) -> None:
    """Only what follows from it may go live: an edited prompt before it diverges, and nobody is asked about that."""
    told = forecast(project.store, Request(recorded, instead=(Instead("stream", None, "x"),)))
    assert [calls.name for calls in told.possible] == ["refund"]
    project.write(CHAIN.replace("Be kind.", "Be curt."))
    result = project.replay(recorded, instead=(Instead("stream", None, "x"),))
    assert (result.verdict, asked(project)) == ("diverged", [])
