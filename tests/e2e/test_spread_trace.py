"""One trace over several processes and over HTTP: in the store it is one, and it replays as far as it did alone."""

import subprocess
import sys

import pytest

from e2e.conftest import Project

SERVER = """
import sys, treadle
from wsgiref.simple_server import make_server
from flask import Flask

treadle.instrument()
app = Flask("app")

@treadle.trace(kind="tool")
def price(item):
    return len(item)

@app.post("/<item>")
def answer(item):
    return str(price(item))

with make_server("127.0.0.1", 0, app) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""
CLIENT = """
import sys, urllib.request, treadle
treadle.configure(propagate=["127.0.0.1:" + sys.argv[1]])

def ask(item):
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/{item}", b"") as response:
        return int(response.read())

@treadle.trace
def total(items):
    return sum(ask(item) for item in items)

print(total(["pear", "fig"]))
"""


def test_client_and_server_record_one_trace(project: Project) -> None:
    """Two programs, each instrumented by itself, with one store between them."""
    server_file = project.folder / "server.py"
    server_file.write_text(SERVER)
    with subprocess.Popen(
        [sys.executable, str(server_file)], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdout is not None
        trace = project.record(CLIENT, server.stdout.readline().decode().strip())
        server.kill()
    (summary,) = project.store.traces(limit=5)
    assert (summary.trace_id, summary.name, summary.span_count) == (trace, "total", 3)
    rows = project.store.sql(
        "select name, process_id = (select process_id from spans where name = 'total'), input->>'item' "
        "from spans order by started_at"
    ).fetchall()
    assert rows == [("total", True, None), ("price", False, "pear"), ("price", False, "fig")]


SPREADING = """
import multiprocessing, sys, treadle
from concurrent.futures import ProcessPoolExecutor

@treadle.trace(kind="tool")
def pay(amount):
    with open("asked.txt", "a") as log:
        log.write(f"{amount}\\n")
    return amount

@treadle.trace
def double(number):
    return 2 * number

def worked(number):
    return double(number)

def paid(number):
    return pay(number)

@treadle.trace
def glue(method):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        return pool.submit(worked, pay(7)).result()

@treadle.trace
def effect(method):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        return pool.submit(paid, 8).result()
"""
METHODS = ("fork", "spawn")


@pytest.mark.parametrize("method", METHODS)
def test_glue_in_a_process_runs_again_in_a_replay(project: Project, method: str) -> None:
    """What the process does is today's code, and what it returned counts as ever."""
    (project.folder / "spreading.py").write_text(SPREADING)
    trace = project.record(f"import spreading\nif __name__ == '__main__':\n    print(spreading.glue('{method}'))")
    assert project.store.traces(limit=5)[0].span_count == 3
    result = project.replay(trace)
    assert (result.verdict, result.exit_code) == ("same", 0), result.sentence
    assert (project.folder / "asked.txt").read_text() == "7\n"


@pytest.mark.parametrize("method", METHODS)
def test_an_effect_in_a_process_stops_a_replay(project: Project, method: str) -> None:
    """However the process was started, it has no recording to answer from, and nothing goes live."""
    (project.folder / "spreading.py").write_text(SPREADING)
    trace = project.record(f"import spreading\nif __name__ == '__main__':\n    print(spreading.effect('{method}'))")
    result = project.replay(trace)
    assert (result.verdict, result.exit_code) == ("diverged", 1), result.sentence
    assert "in a process that the replayed program started" in result.sentence
    assert (project.folder / "asked.txt").read_text() == "8\n"


def test_a_replay_heeds_no_parent_of_the_shells(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TRACEPARENT` is about the programs that the shell starts; a replay knows what it replays."""
    trace = project.record(
        "import treadle\n@treadle.trace\ndef f(n):\n    return n\nif __name__ == '__main__':\n    f(1)"
    )
    monkeypatch.setenv("TRACEPARENT", f"00-{'a' * 32}-{'b' * 16}-01")
    result = project.replay(trace)
    assert (result.verdict, result.exit_code) == ("same", 0), result.sentence
    replayed = project.store.sql("select distinct trace_id from spans").fetchall()
    assert ("a" * 32,) not in replayed


OF_THE_MAIN_SCRIPT = """
import multiprocessing, sys, treadle

class Odd:
    def __init__(self, number): self.number = number; self.lock = object()
    def __reduce__(self): return Odd, (self.number,)

class Counter:
    def __init__(self, step): self.step = step

    @treadle.trace(pickle=True)
    def count(self, odd):
        return odd.number + self.step

def counted(number):
    return Counter(2).count(Odd(number))

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        print(pool.apply(counted, (3,)))
"""


@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_the_main_script_in_a_process_is_called_again(project: Project, method: str) -> None:
    """Its function and its values are the main script's, whatever the process calls that."""
    trace = project.record(OF_THE_MAIN_SCRIPT, method)
    rows = project.store.sql("select distinct module, qualname from functions").fetchall()
    assert rows == [("__main__", "Counter.count")]
    result = project.replay(trace)
    assert (result.verdict, result.exit_code) == ("same", 0), result.sentence
