"""`configure(forward=...)`: every finished step goes to a collector too, and a collector that is gone harms nobody."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import recorded
import treadle
from collector import Collector, attributes, over_grpc, over_http
from programs import LONGEST_RUN_S
from treadle.errors import UsageError

PROGRAM = """
import os, sys, treadle
treadle.configure(forward=sys.argv[1])

@treadle.trace(kind="tool")
def look_up(city, api_key):
    return {"city": city, "wet": True}

@treadle.trace
def advise(city):
    look_up(city, "not-a-word-of-this")
    if city == "nowhere":
        raise ValueError("no such city")
    return "Take an umbrella"

print(advise("Oslo"))
try:
    advise("nowhere")
except ValueError:
    pass
if len(sys.argv) > 2 and os.fork() == 0:
    advise("Rome")
    sys.exit(0)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a collector's address."""
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", PROGRAM, *arguments],
        capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("running", [over_http, over_grpc])
def test_finished_steps_arrive_with_their_payloads(
    store: Path, running: Callable[[], AbstractContextManager[Collector]]
) -> None:
    """Under their recorded ids and times, redacted as they were recorded, by the end of the program."""
    with running() as collector:
        done = run(collector.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Take an umbrella\n", "")
    assert len(collector.spans) == 4
    (advise, failed), (look_up, _) = (
        [span for span in collector.spans if span.name == name] for name in ("advise", "look_up")
    )
    assert look_up.parent_span_id == advise.span_id
    said = attributes(look_up)
    assert said["openinference.span.kind"] == "TOOL"
    assert json.loads(said["output.value"]) == {"city": "Oslo", "wet": True}
    given = json.loads(said["input.value"])
    assert given["city"] == "Oslo"
    assert "not-a-word" not in given["api_key"]
    assert attributes(failed)["error.type"] == "ValueError"
    assert (failed.status.code, failed.status.message) == (2, "no such city")
    call = recorded.calls(store)[1]
    assert (call.start["span"], call.start["trace"]) == (look_up.span_id.hex(), look_up.trace_id.hex())
    assert call.end is not None
    assert (call.start["t"], call.end["t"]) == (look_up.start_time_unix_nano, look_up.end_time_unix_nano)


def test_a_forked_child_forwards_its_own_steps() -> None:
    """Each step arrives once, whichever process made it."""
    with over_http() as collector:
        done = run(collector.url, "fork")
    assert done.returncode == 0, done.stderr
    assert len(collector.spans) == 6
    assert len({span.span_id for span in collector.spans}) == 6


FORKING = """
import os, sys, threading, treadle
treadle.configure(forward=sys.argv[1])

@treadle.trace
def advise(city):
    return city

os.register_at_fork(after_in_parent=lambda: print([thread.name for thread in threading.enumerate()]))
advise("Oslo")
for city in ("Rome", "Bonn"):
    child = os.fork()
    if child == 0:
        os._exit(0)
    advise(city)
    os.waitpid(child, 0)
os.waitpid(os.fork() or os._exit(0), 0)
"""


def test_no_thread_of_ours_is_there_when_the_program_forks() -> None:
    """Python warns of a fork beside other threads; steps that waited meanwhile are sent all the same."""
    with over_http() as collector:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", FORKING, collector.url],
            capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['MainThread']\n" * 3
    assert len(collector.spans) == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1/traces", "http://127.0.0.1:9"])
def test_a_collector_that_is_gone_is_told_once(store: Path, url: str) -> None:
    """The program prints what it would, ends as it would, and everything is in the journal."""
    done = run(url)
    assert (done.returncode, done.stdout) == (0, "Take an umbrella\n")
    assert done.stderr.startswith(f"treadle: steps are recorded, but not forwarded to {url}: ")
    assert done.stderr.count("\n") == 1
    assert len(recorded.calls(store)) == 4


def test_what_is_no_address_is_refused() -> None:
    """At once, where it is configured."""
    with pytest.raises(UsageError, match="give a collector's address"):
        treadle.configure(forward="collector:4317")
