"""Before a replay does anything for real it asks once: what would run, how often, and about what it costs."""

import pytest

from e2e.commands import COMMAND, complaint, treadle
from e2e.conftest import Project
from e2e.terminal import Terminal, needs_tmux
from e2e.weather_desk import asked, record_desk
from servers import ModelServer
from treadle_tui import figures

ASKS_TWICE = """
import openai, sys, treadle
treadle.instrument()

@treadle.trace
def chain(url):
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    for question in ("Where?", "When?"):
        messages = [{"role": "user", "content": question}]
        client.chat.completions.create(model="gpt-4o", messages=messages)

if __name__ == "__main__":
    chain(sys.argv[1])
"""


@pytest.fixture
def trace_id(project: Project) -> str:
    """Record the chain where it returns."""
    return record_desk(project, "Rome")


NEW_TOO = "; calls that the recording has not"
GENERATE = "generate (llm, 1 call)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--live", "*"), f"look_up (retriever, 1 call), {GENERATE}, notify (tool, 1 call){NEW_TOO}"),
        (("--live", "kind='llm'", "--times", "3"), "generate (llm, 3 calls)"),
        (("--result", "look_up", "{}"), f"if changed by then {GENERATE}, notify (tool, 1 call){NEW_TOO}"),
        (("--where", "chain", "--live", "generate"), f"{GENERATE}{NEW_TOO}"),
    ],
)
def test_where_nobody_can_be_asked_it_is_refused(
    project: Project, trace_id: str, options: tuple[str, ...], said: str
) -> None:
    """Away from a terminal: exit 2, one line that says what would run and how to let it, and nothing runs."""
    named = options if "--where" in options else (trace_id, *options)
    told = complaint(treadle("replay", *named))
    assert told == f"this would run for real: {said} (add --yes to let it)"
    assert asked(project) == []
    assert project.newest() == trace_id


def test_where_nothing_goes_live_nothing_is_asked(project: Project, trace_id: str) -> None:
    """A replay that serves everything needs no word, be it one, several, or of several traces."""
    assert treadle("replay", trace_id, "--times", "2").code == 0
    assert treadle("replay", "--where", "chain").code == 0
    assert asked(project) == []


def test_what_it_costs_is_said_and_told(project: Project, model_server: ModelServer) -> None:
    """The price that the recording paid is what a live replay is said to cost, a served one saves, and each paid."""
    project.write(ASKS_TWICE)
    trace_id = project.record(ASKS_TWICE, model_server.base_url)
    paid_usd = project.store.trace(trace_id).cost_usd
    assert paid_usd
    told = complaint(treadle("replay", trace_id, "--all-live", "--times", "10"))
    assert f"; about {figures.money(10 * paid_usd)} in all (add --yes to let it)" in told
    served = treadle("replay", trace_id, "--format", "json").json
    assert (served["saved_usd"], served["cost_usd"]) == (pytest.approx(paid_usd), None)
    assert f", saved {figures.money(paid_usd)}" in treadle("replay", trace_id).out
    several = treadle("replay", trace_id, "--all-live", "--times", "2", "--yes", "--format", "json").json
    assert [one["saved_usd"] for one in several["replays"]] == [None, None]
    assert several["mean_cost_usd"] == pytest.approx(paid_usd)
    assert model_server.count == 6
    shown = treadle("replay", "--where", "chain", "--all-live", "--yes").out.splitlines()
    assert shown[0].split() == ["trace", "name", "verdict", "took", "cost"]
    assert f"{figures.money(paid_usd)}" in shown[1]
    assert shown[-1] == f"1 trace: 1 same; cost {figures.money(paid_usd)}"


@needs_tmux
@pytest.mark.parametrize(("answer", "code", "runs"), [("y", 0, True), ("n", 2, False), ("", 2, False)])
def test_on_a_terminal_it_asks(project: Project, trace_id: str, answer: str, code: int, runs: bool) -> None:
    """What runs is listed; only `y` lets it, and without it the exit code is 2."""
    command = (*COMMAND, "replay", trace_id, "--live", "generate", "--live", "look_up")
    with Terminal(*command, size=(100, 20), cwd=project.folder) as terminal:
        screen = terminal.shows("run it? [y/N]")
        assert "this runs for real:\n  look_up   retriever  1 call\n  generate  llm        1 call\n" in screen
        assert asked(project) == []
        terminal.type(answer)
        terminal.press("Enter")
        assert terminal.exit_code() == code
        assert ("nothing was run" in terminal.screen()) is not runs
    assert asked(project) == (["look_up Rome", "small: In Rome it is wet"] if runs else [])
