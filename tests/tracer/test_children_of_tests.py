"""`pytest --treadle`: what a test's child processes write is kept or dropped with the test."""

from pathlib import Path

import pytest

import recorded
from pytest_runs import Suite

FORKED = "    if (pid := os.fork()) == 0:\n        step(5)\n        os._exit(0)\n    os.waitpid(pid, 0)\n"
POOL = """    import concurrent.futures, multiprocessing, steps
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context({method!r})) as pool:
        assert list(pool.map(steps.half, [4, 6])) == [2, 3]
"""
STEPS = "import treadle\n@treadle.trace\ndef half(number): return number // 2\n"
CHILDREN = [FORKED, *(POOL.format(method=method) for method in ("fork", "spawn", "forkserver"))]


@pytest.fixture
def tests(tmp_path: Path) -> Suite:
    """Return a project with a module of steps."""
    suite = Suite(tmp_path / "project")
    (suite.folder / "steps.py").write_text(STEPS)
    return suite


@pytest.mark.parametrize("child", CHILDREN, ids=["os.fork", "fork", "spawn", "forkserver"])
def test_children_share_the_fate_of_their_test(tests: Suite, store: Path, child: str) -> None:
    """Those of a passed test leave no file, those of a failed one are in its trace."""
    tests.write(f"def test_good():\n    step(1)\n{child}\ndef test_bad():\n{child}    step(0)\n")
    assert tests.run("--treadle").code == 1
    (root,) = recorded.roots(store)
    assert root.name == "test_it.py::test_bad"
    assert len(root.children) == (2 if child is FORKED else 3)
    assert {file.suffix for file in (store / "journal").iterdir()} == {".ndjson"}
    assert len(recorded.journals(store)) == 2


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_that_outlives_its_test_records_for_the_next(tests: Suite, store: Path, method: str) -> None:
    """A pool of a fixture, whose worker's journal was dropped with the test before."""
    tests.write(
        "import concurrent.futures, multiprocessing, steps\n"
        "@pytest.fixture(scope='module')\ndef pool():\n"
        "    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('METHOD')) as pool:\n"
        "        yield pool\n"
        "def test_good(pool): pool.submit(steps.half, 2).result()\n"
        "def test_bad(pool):\n    assert pool.submit(steps.half, 4).result() == 3\n".replace("METHOD", method)
    )
    assert tests.run("--treadle").code == 1
    (root,) = recorded.roots(store)
    assert root.tree == ["test_it.py::test_bad", ["half"]]
