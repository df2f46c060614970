"""The clock and random numbers, recorded on request, are answered in a replay as they were."""

import pytest

from e2e.commands import treadle
from e2e.conftest import Project
from e2e.test_replay_export import forget_everything, pytest_in

CHAIN = """
import datetime, os, random, secrets, threading, time, treadle, uuid
from datetime import UTC, date, datetime as moment
from uuid import uuid4

#configure

@treadle.trace(kind="llm")
def generate(prompt):
    return prompt.upper()

@treadle.trace
def label(number):
    cards = list("abcdef")
    random.shuffle(cards)
    return [cards, random.choice(cards), random.sample(cards, 2), random.choices(cards, k=2), uuid4(), number]

@treadle.trace
def chain():
    started = time.perf_counter()
    found = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: label(random.random())})) for n in range(4)]
    for thread in threads:
        thread.start()
        thread.join()
    days = (moment.now(), datetime.datetime.now(UTC), moment.today(), date.today())
    said = generate(f"{time.time()} {days} {random.randint(1, 10**9)} {secrets.token_hex(8)} {os.urandom(4).hex()}")
    return [said, found, time.strftime("%H:%M:%S"), str(uuid.uuid1()), time.perf_counter() - started, days]

if __name__ == "__main__":
    chain()
"""
RECORDED = CHAIN.replace("#configure", 'treadle.configure(record=("clock", "random", "uuid"))')


def test_a_replay_reads_what_was_read(project: Project) -> None:
    """The same result, with every answer at its place, in threads too."""
    recorded = project.record(RECORDED)
    result = project.replay(recorded)
    assert (result.verdict, result.exit_code, set(result.counts)) == ("same", 0, {"ran", "served"}), result.sentence
    assert project.replay(recorded, strict=True).verdict == "same"


def test_without_it_the_replay_says_what_would_help(project: Project) -> None:
    """With the step that read something, and how it would have been recorded."""
    recorded = project.record(
        CHAIN.replace("said = generate(f", "said = (f").replace("label(random.random())", "label(n)")
    )
    result = project.replay(recorded)
    assert result.verdict == "changed"
    assert "untraced nondeterminism in chain#0/label#0" in result.sentence
    assert 'treadle.configure(record=("clock", "random", "uuid"))' in result.sentence


def test_what_the_environment_asked_for_is_served_without_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording says what was read: neither the variable nor the program need to."""
    monkeypatch.setenv("TREADLE_RECORD", "clock,random,uuid")
    recorded = project.record(CHAIN)
    monkeypatch.delenv("TREADLE_RECORD")
    assert project.replay(recorded).verdict == "same"


def test_an_edit_may_read_more_and_less(project: Project) -> None:
    """A reading that was not recorded is a real one, and asks nobody, but strictly; one that is gone is not missed."""
    recorded = project.record(RECORDED)
    more = RECORDED.replace("    found = {}\n", "    found = {}\n    print(time.time_ns(), random.betavariate(1, 2))\n")
    project.write(more)
    result = project.replay(recorded)
    assert (result.verdict, result.counts["live"]) == ("same", 2), result.sentence
    assert project.replay(recorded, strict=True).verdict == "diverged"
    project.write(RECORDED.replace("    started = time.perf_counter()\n", "    started = 0\n"))
    less = project.replay(recorded)
    assert less.verdict == "changed"
    assert "missing" not in less.counts


SEEDED = """
import random, treadle

treadle.configure(record=["random"])

@treadle.trace
def chain():
    random.seed(3)
    return [random.random(), random.choice("abcdef"), random._inst.random()]

if __name__ == "__main__":
    chain()
"""


def test_who_draws_from_the_same_generator_draws_the_same(project: Project) -> None:
    """An answered draw is drawn all the same: what is not recorded goes on from there."""
    assert project.replay(project.record(SEEDED)).verdict == "same"


STARTED = """
import multiprocessing, time, treadle
from concurrent.futures import ProcessPoolExecutor

treadle.configure(record=["clock"])

@treadle.trace
def measure(number):
    return time.time() > number

@treadle.trace
def chain():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, 7).result()
"""


def test_a_started_process_reads_its_own_clock(project: Project) -> None:
    """It has no recording to be answered from, and needs none for that."""
    (project.folder / "measures.py").write_text(STARTED)
    recorded = project.record("import measures\nif __name__ == '__main__':\n    measures.chain()")
    steps = project.store.sql(f"select count(*) from spans where trace_id = '{recorded}' and name = 'time.time'")
    assert list(steps) == [(1,)]
    result = project.replay(recorded)
    assert (result.verdict, result.sentence) == ("same", "it returned what was recorded")


def test_an_exported_test_reads_what_was_read(project: Project) -> None:
    """Every time it runs."""
    project.record(RECORDED)
    assert treadle("replay", "last", "--export", "tests/test_it.py", cwd=project.folder).code == 0
    forget_everything(project)
    for _ in range(2):
        passed = pytest_in(project.folder)
        assert passed.returncode == 0, passed.stdout


def test_all_live_is_asked_about_no_clock(project: Project) -> None:
    """What would run for real is the model."""
    from treadle_debugger.forecast import forecast
    from treadle_debugger.request import Request

    recorded = project.record(RECORDED)
    told = forecast(project.store, Request(recorded, all_live=True))
    assert [(calls.name, calls.count) for calls in told.certain] == [("generate", 1)]
