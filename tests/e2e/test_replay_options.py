"""The options of `treadle replay`, each from the command line: what runs, what is served, and how it ends."""

from pathlib import Path

import pytest

from e2e.commands import Ran, complaint, treadle
from e2e.conftest import Project
from e2e.weather_desk import DESK, MENDED, asked, record_desk

WRONG = (
    ((), "name a trace, or choose several with --where"),
    (("last", "--where", "chain"), "a trace or --where, not both"),
    (("last", "--jobs", "2"), "--jobs is for several traces"),
    (("last", "--resume"), "--resume is for several traces"),
    (("--where", "chain", "--times", "2"), "--times is of one trace"),
    (("--where", "chain", "--pdb", "parse"), "--pdb is of one trace"),
    (("last", "--times", "2", "--pdb", "parse"), "--pdb stops in one replay"),
    (("last", "--times", "0"), "0 is not in the range x>=1"),
    (("last", "--pdb", "parse"), "this is no terminal"),
    (("last", "--from", "nowhere"), "has no step nowhere"),
    (("last", "--set", "parse", "$.nothing", "1", "--yes"), "parse has no argument $.nothing; it has text"),
    (("last", "--result", "nothing", "1", "--yes"), "fits no step"),
    (("--where", "nothing = 1"), "nothing"),
    (("--where", "no_such_chain"), "no trace fits no_such_chain"),
)


@pytest.fixture
def trace_id(project: Project) -> str:
    """Record the chain where it returns."""
    return record_desk(project, "Rome")


def replayed(trace_id: str, *options: str) -> Ran:
    """Replay without being asked, and return the document."""
    return treadle("replay", trace_id, "--format", "json", "--yes", *options)


def decisions(ran: Ran) -> dict[str, str]:
    """Return what became of each call."""
    return {call["name"]: call["decision"] for call in ran.json["calls"]}


def test_an_argument_is_given_instead(project: Project, trace_id: str) -> None:
    """`--set` gives a call another argument, which makes it run; what depends on it runs too, the rest is served."""
    ran = replayed(trace_id, "--set", "look_up", "$.city", "Paris")
    assert (ran.code, ran.json["verdict"]) == (0, "same")
    assert decisions(ran) == {
        "chain": "ran", "look_up": "live", "generate": "served", "notify": "served", "parse": "ran"
    }  # fmt: skip
    assert [call["given"] for call in ran.json["calls"] if call["given"]] == [["$.city"]]
    assert ": given $.city" in treadle("replay", trace_id, "--set", "look_up", "$.city", "Paris", "--yes").out
    changed = replayed(trace_id, "--set", "generate", "prompt", "In Rome it is dry", "--set", "look_up", "city", "Bonn")
    assert (changed.code, changed.json["verdict"], changed.json["after"]["output"]) == (0, "changed", "dry")
    assert asked(project) == ["look_up Paris", "look_up Paris", "look_up Bonn", "small: In Rome it is dry"]


def test_an_answer_is_given_instead(project: Project, trace_id: str) -> None:
    """`--result` replaces an answer, and what depends on it runs for real."""
    ran = replayed(trace_id, "--result", "look_up", '{"weather": "dry"}')
    assert (ran.code, ran.json["after"]["output"]) == (0, "dry")
    assert decisions(ran)["look_up"] == "overridden"
    assert asked(project) == ["small: In Rome it is dry"]


def test_another_model_is_asked(project: Project, trace_id: str) -> None:
    """`--model` gives each model call that model, for real."""
    ran = replayed(trace_id, "--model", "large")
    assert (ran.code, decisions(ran)["generate"]) == (0, "live")
    assert asked(project) == ["large: In Rome it is wet"]


def test_everything_from_a_step_on_runs(project: Project, trace_id: str) -> None:
    """`--from` serves what began before the step; what may do harm runs only with `--allow-effects`."""
    withheld = replayed(trace_id, "--from", "generate")
    assert (withheld.code, withheld.json["verdict"]) == (1, "diverged")
    assert decisions(withheld)["notify"] == "withheld"
    assert withheld.json["sentence"].endswith("allow it with --allow-effects")
    ran = replayed(trace_id, "--from", "generate", "--allow-effects")
    assert (ran.code, decisions(ran)["look_up"], decisions(ran)["notify"]) == (0, "served", "live")
    assert asked(project) == ["small: In Rome it is wet"] * 2 + ["notify Rome"]


def test_all_runs_or_what_has_changed(project: Project, trace_id: str) -> None:
    """`--all-live` runs every effect, `--live-changed` only those that were called otherwise."""
    assert replayed(trace_id, "--all-live", "--allow-effects").json["counts"] == {"ran": 2, "live": 3}
    assert len(asked(project)) == 3
    project.write(DESK.replace("it is {", "today it is {"))
    ran = replayed(trace_id, "--live-changed")
    assert (ran.code, decisions(ran)["look_up"], decisions(ran)["generate"]) == (0, "served", "live")


def test_strictly_nothing_may_differ(project: Project, trace_id: str) -> None:
    """Glue that is called otherwise, which is well without `--strict`, is an error with it."""
    project.write(DESK.replace("def parse(text)", "def parse(text, strict=False)"))
    assert replayed(trace_id).code == 0
    ran = replayed(trace_id, "--strict")
    assert (ran.code, ran.json["verdict"]) == (1, "diverged")


def test_no_network_refuses_connections(project: Project) -> None:
    """With `--no-network` a live call that connects fails, as it would without a network."""
    source = DESK.replace(
        '    asked(f"look_up {city}")', '    import socket; socket.create_connection(("127.0.0.1", 9), timeout=1)'
    )
    project.write(source)
    trace_id = record_desk(project, "Rome")
    project.write(source)
    ran = replayed(trace_id, "--live", "look_up", "--no-network")
    assert (ran.code, ran.json["verdict"]) == (1, "regressed")
    assert "the network is off in this replay (--no-network)" in ran.json["sentence"]


def test_whom_no_network_kept_it_from_is_told(project: Project) -> None:
    """Clients say only that a connection failed: the verdict says why."""
    connecting = """    import socket
    try:
        socket.create_connection(("localhost", 9), timeout=1)
    except OSError:
        raise ConnectionError("Connection error.") from None"""
    trace_id = record_desk(project, "Rome")
    project.write(DESK.replace('    asked(f"look_up {city}")', connecting))
    ran = replayed(trace_id, "--live", "look_up", "--no-network")
    assert "it raised ConnectionError: Connection error." in ran.json["sentence"]
    assert ran.json["sentence"].endswith("; --no-network kept it from localhost")


def test_paced_answers_take_their_time(project: Project) -> None:
    """With `--pace` a replay takes at least as long as the recorded call took."""
    source = DESK.replace('    asked(f"look_up {city}")', '    asked("slowly"); import time; time.sleep(0.4)')
    trace_id = record_desk(project, "Rome", source=source)
    ran = replayed(trace_id, "--pace")
    assert decisions(ran)["look_up"] == "served"
    paced, at_once = (duration_ms(project, each.json["trace_id"], "look_up") for each in (ran, replayed(trace_id)))
    assert paced >= 400 > at_once


def duration_ms(project: Project, trace_id: str, name: str) -> float:
    """Return how long the step of this name took."""
    rows = project.store.sql(f"select duration_ms from spans where trace_id = '{trace_id}' and name = '{name}'")
    return float(next(iter(rows))[0])


def test_what_does_not_go_together_is_one_line(trace_id: str) -> None:
    """Used wrongly: exit 2, one line that says what is wrong, and nothing runs."""
    for arguments, said in WRONG:
        assert said in complaint(treadle("replay", *arguments)), arguments


def test_a_step_alone_by_its_name(project: Project, store: Path) -> None:
    """`--step` replays one call with its recorded arguments, mended code and all."""
    record_desk(project, "Oslo")
    assert treadle("replay", "last", "--step", "parse").code == 1
    project.write(MENDED)
    ran = treadle("replay", "last", "--step", "parse", "--format", "json")
    assert (ran.code, ran.json["verdict"], decisions(ran)) == (0, "fixed", {"parse": "ran"})
