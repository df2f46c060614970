"""Every way of asking at once, a hundred rounds each: heard again to the byte, and nothing is asked."""

import random
from pathlib import Path

import pytest

from e2e import parallel_chains
from e2e.conftest import Project
from servers import Answer, ModelServer
from treadle_debugger.replaying import Result

ROUNDS = 100
SOURCE = Path(parallel_chains.__file__).read_text()
PATTERNS = tuple(parallel_chains.PATTERNS)


def recorded(project: Project, pattern: str, source: str, rounds: int = ROUNDS) -> tuple[str, str]:
    """Record a pattern; return its trace and what it printed."""
    return project.record(SOURCE, pattern, source, str(rounds)), project.said


def went_live(result: Result) -> list[str]:
    """Return what was not answered from the recording."""
    return [f"{call.decision} {call.path}" for call in result.calls if call.decision not in ("ran", "served")]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_hundred_rounds_are_heard_again(project: Project, pattern: str) -> None:
    """Each answer is the recorded one, in the recorded order, whatever is asked at once."""
    trace_id, printed = recorded(project, pattern, "decorated")
    result = project.replay(trace_id)
    assert (result.verdict, went_live(result)) == ("same", []), result.sentence
    assert project.printed() == printed
    assert len(set(printed.splitlines())) == ROUNDS


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_client_is_answered_with_its_server_dead(
    project: Project, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    """The same through the OpenAI client, over a real server that is gone by then."""
    model_server.rule = lambda request: Answer(" ".join(f"{random.getrandbits(48):012x}" for _ in range(5)))
    model_server.latency_s = parallel_chains.LONGEST_S
    monkeypatch.setenv("MODEL_URL", model_server.base_url)
    trace_id, printed = recorded(project, pattern, "client", 10)
    model_server.stop()
    result = project.replay(trace_id)
    assert (result.verdict, went_live(result)) == ("same", []), result.sentence
    assert project.printed() == printed


@pytest.mark.parametrize("pattern", [each for each in PATTERNS if "equal" not in each])
def test_after_an_edited_prompt_exactly_what_depends_on_it_is_asked(project: Project, pattern: str) -> None:
    """Nothing goes live by itself; where that is allowed, the rest is served, and other rounds are equal."""
    trace_id, printed = recorded(project, pattern, "decorated", 5)
    asked = inputs(project, trace_id)
    project.write(SOURCE.replace('f"{name} of round {number}"', 'f"{name} of round {number}" + "!" * (number == 3)'))
    assert project.replay(trace_id).verdict == "diverged"
    result = project.replay(trace_id, live_changed=True)
    assert {call.decision for call in result.calls} <= {"ran", "served", "live", "missing"}
    now = inputs(project, str(result.trace_id))
    live = {call.span_id for call in result.calls if call.decision == "live"}
    assert live == {span_id for span_id, given in now.items() if given not in asked.values()}
    assert live
    rounds = zip(printed.splitlines(), project.printed().splitlines(), strict=True)
    assert [before == after for before, after in rounds] == [True, True, True, False, True]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_function_between_them_changes_nothing(project: Project, pattern: str) -> None:
    """A helper is pulled out around each round, and later has another name: every answer is served."""
    trace_id, printed = recorded(project, pattern, "decorated", 5)
    helper = "@treadle.trace\nasync def one_round(pattern, source, number):\n"
    helper += "    return await PATTERNS[pattern](source, number)\n\n\n@treadle.trace\nasync def chain("
    pulled_out = SOURCE.replace("@treadle.trace\nasync def chain(pattern", f"{helper}pattern")
    pulled_out = pulled_out.replace("await PATTERNS[pattern](made, number)", "await one_round(pattern, made, number)")
    project.write(pulled_out)
    for changed in (pulled_out, pulled_out.replace("one_round", "each_round")):
        project.write(changed)
        result = project.replay(trace_id)
        assert result.verdict == "same", result.sentence
        assert {call.decision for call in result.calls} <= {"ran", "served", "moved"}
        assert project.printed() == printed
        trace_id = str(result.trace_id)


def inputs(project: Project, trace_id: str) -> dict[str, str]:
    """Return what each effect of a trace was asked, by span id."""
    rows = project.store.sql(
        f"select span_id, input::varchar from spans where trace_id = '{trace_id}' and kind in ('llm', 'tool')"
    )
    return {str(span_id): str(given) for span_id, given in rows}
