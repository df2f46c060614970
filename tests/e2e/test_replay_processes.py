"""Processes that a replayed program starts find what it defines, and make no effect."""

import pytest

from e2e.conftest import Project
from programs import plainly

IN_PROCESSES = """
import multiprocessing, os, pickle, sys, treadle
from concurrent.futures import ProcessPoolExecutor

class Row:
    def __init__(self, number): self.number = number
def doubled(row): return Row(2 * row.number)
def put(queue, row): queue.put(doubled(row))

@treadle.trace
def chain(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        rows = pool.map(doubled, [Row(1), Row(2)])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        rows.append(pool.submit(doubled, Row(3)).result())
    queue = context.Queue()
    process = context.Process(target=put, args=(queue, Row(4)))
    process.start()
    rows.append(queue.get())
    process.join()
    return [row.number for row in rows]

if __name__ == "__main__":
    print(chain(sys.argv[-1]))
"""
METHODS = ("spawn", "forkserver", "fork")


@pytest.mark.parametrize("method", METHODS)
def test_what_the_main_script_defines_is_found_in_processes(project: Project, method: str) -> None:
    """In workers of pools that would be waited for for ever otherwise, and both ways."""
    result = project.replay(project.record(IN_PROCESSES, method), timeout_s=30)
    assert (result.verdict, project.said) == ("same", "[2, 4, 6, 8]\n"), result.sentence


@pytest.mark.parametrize("module", ["tool", "desk.tool"])
def test_what_a_main_module_defines_is_found_in_processes(project: Project, module: str) -> None:
    """As `python -m` started it, in a package or in none."""
    folder = project.folder / "desk" if "." in module else project.folder
    folder.mkdir(exist_ok=True)
    (folder / "tool.py").write_text(IN_PROCESSES)
    assert plainly("-m", module, "spawn", cwd=project.folder).returncode == 0
    result = project.replay(project.newest(), timeout_s=30)
    assert result.verdict == "same", result.sentence


BY_NAME = """
import pathlib, pickle, treadle
KEPT = pathlib.Path("kept.pickle")
class Row:
    def __init__(self, number): self.number = number
@treadle.trace
def chain():
    import __main__
    if not KEPT.exists():
        KEPT.write_bytes(pickle.dumps(Row(1)))
    return __main__.Row is Row and type(pickle.loads(KEPT.read_bytes())) is Row
if __name__ == "__main__":
    chain()
"""


def test_the_main_script_is_found_by_its_name(project: Project) -> None:
    """By whoever imports it, and in what the program pickled when it was recorded."""
    result = project.replay(project.record(BY_NAME))
    assert result.verdict == "same", result.sentence


PAYS = """
import treadle

@treadle.trace(kind="tool")
def pay(amount):
    with open("asked.txt", "a") as log:
        log.write(f"{amount}\\n")
    return amount

def paid(amount): return pay(amount)
if __name__ == "__main__":
    paid(7)
"""
STARTS = """
import multiprocessing, subprocess, sys, treadle
from payments import paid

@treadle.trace
def pool(method):
    with multiprocessing.get_context(method).Pool(1) as workers:
        return workers.map(paid, [7])

@treadle.trace
def process(method):
    started = multiprocessing.get_context(method).Process(target=paid, args=(7,))
    started.start()
    started.join()

@treadle.trace
def program(_):
    path = {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.run([sys.executable, "payments.py"], stderr=subprocess.DEVNULL, env=path).returncode

if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
"""
WAYS = [(way, method) for way in ("pool", "process") for method in METHODS] + [("program", "with an environment")]


@pytest.mark.parametrize(("way", "method"), WAYS)
def test_an_effect_in_a_process_is_heard_of(project: Project, way: str, method: str) -> None:
    """Also where the program waits for ever for a worker that died, does not look how it ended, or hides the replay."""
    (project.folder / "payments.py").write_text(PAYS)
    project.record(STARTS, way, method)
    (trace,) = project.store.sql(f"select trace_id from spans where name = '{way}'").fetchall()
    result = project.replay(trace[0], timeout_s=30)
    assert (result.verdict, result.exit_code) == ("diverged", 1), result.sentence
    assert result.sentence == "pay was called in a process that the replayed program started"
    assert (project.folder / "asked.txt").read_text() == "7\n"
