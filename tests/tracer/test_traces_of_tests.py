"""`pytest --treadle`: each test is a trace, whatever kind of test it is, and those of failed tests are kept."""

import os
from pathlib import Path
from typing import Any

import pytest

import recorded
from programs import python
from pytest_runs import Suite
from servers import ModelServer


@pytest.fixture
def tests(tmp_path: Path) -> Suite:
    """Return an empty project."""
    return Suite(tmp_path / "project")


def trees(store: Path) -> dict[str, Any]:
    """Return the calls under each kept test, by the test's own name."""
    return {root.name.rpartition("::")[2]: root.tree[1:] for root in recorded.roots(store) if "::" in root.name}


def test_a_failed_test_is_kept_and_a_passed_one_dropped(tests: Suite, store: Path) -> None:
    """The root is the test by its node id, with its outcome; the files of the others are gone."""
    tests.write("def test_good():\n    step(1)\ndef test_bad():\n    wanted = 3\n    assert step(2) == wanted\n")
    ran = tests.run("--treadle")
    assert ran.code == 1
    (root,) = recorded.roots(store)
    assert root.tree == ["test_it.py::test_bad", ["step"]]
    assert root.start["kind"] == "chain"
    assert root.start["attrs"] == {"test.case.name": "test_it.py::test_bad", "test.suite.name": "test_it.py"}
    assert root.end is not None
    assert root.end["attrs"] == {"test.case.result.status": "fail"}
    assert [file.suffix for file in (store / "journal").iterdir()] == [".ndjson"]
    assert recorded.records(store)[0]["service"] == "pytest"


def test_the_error_of_a_failed_test_is_its_own(tests: Suite, store: Path) -> None:
    """Type, message, frames with locals, and a stack that begins in the test."""
    tests.write(
        "def check(value):\n    assert value == 3\ndef test_bad():\n    wanted = 3\n    check(step(wanted - 1))\n"
    )
    tests.run("--treadle")
    (root,) = recorded.roots(store)
    assert root.end is not None
    error = root.end["error"]
    assert (error["type"], error["message"]) == ("AssertionError", "assert 0.5 == 3")
    assert [frame["function"] for frame in error["frames"]] == ["test_bad", "check"]
    assert [frame["locals"]["wanted"] for frame in error["frames"][:1]] == ["3"]
    first, second, *_ = error["stack"].splitlines()
    assert first == "Traceback (most recent call last):"
    assert second.startswith(f'  File "{tests.folder}/test_it.py"')
    assert "_pytest" not in error["stack"]


def test_all_keeps_all(tests: Suite, store: Path) -> None:
    """A passed test says so; a skipped one is neither."""
    tests.write("def test_good():\n    step(1)\ndef test_left():\n    pytest.skip()\n")
    ran = tests.run("--treadle=all")
    assert ran.code == 0
    good, left = recorded.roots(store)
    assert good.end is not None
    assert left.end is not None
    assert (good.status, good.end["attrs"]) == ("ok", {"test.case.result.status": "pass"})
    assert (left.status, left.end.get("attrs")) == ("ok", None)
    assert ran.summary == ["treadle: 2 traces kept in " + os.path.relpath(store, tests.folder)]


def test_what_fixtures_do_is_under_the_test_that_they_do_it_for(tests: Suite, store: Path) -> None:
    """Setup and teardown; of a fixture of the whole session, in the tests that it falls into."""
    tests.write(
        "@pytest.fixture(scope='session')\ndef whole():\n    step(1)\n    yield\n    step(6)\n"
        "@pytest.fixture\ndef each(whole):\n    step(2)\n    yield\n    step(5)\n"
        "def test_one(each):\n    assert step(3) == 3\ndef test_two(each):\n    assert step(4) == 3\n"
    )
    tests.run("--treadle")
    given = [[call.given["number"] for call in root.children] for root in recorded.roots(store)]
    assert given == [[1, 2, 3, 5], [2, 4, 5, 6]]


OUTCOMES = """
@pytest.fixture
def breaks(): step(0)
@pytest.fixture
def breaks_later():
    yield
    step(0)
def test_setup(breaks): pass
def test_teardown(breaks_later): pass
def test_skipped(): pytest.skip()
@pytest.mark.xfail
def test_known(): step(0)
@pytest.mark.xfail(strict=True)
def test_better(): step(1)
@pytest.mark.xfail
def test_better_unminded(): step(1)
def test_leaves(): raise SystemExit(3)
def test_fails(): pytest.fail("because")
"""


def test_what_is_a_failure_is_what_pytest_says(tests: Suite, store: Path) -> None:
    """Errors around a test are, too; a skip and a failure that was expected are none."""
    tests.write(OUTCOMES)
    tests.run("--treadle")
    errors = {root.name.rpartition("::")[2]: root.end["error"]["type"] for root in recorded.roots(store) if root.end}
    assert errors == {
        "test_setup": "ZeroDivisionError",
        "test_teardown": "ZeroDivisionError",
        "test_better": "Failed",
        "test_leaves": "SystemExit",
        "test_fails": "Failed",
    }
    assert {root.status for root in recorded.roots(store)} == {"error"}


KINDS = """
@pytest.mark.parametrize("number", [0, 1])
def test_given(number): step(number)
class TestDesk:
    def test_method(self): assert step(1) == 2
class TestOld(unittest.TestCase):
    def setUp(self): step(1)
    def test_unit(self): self.assertEqual(step(2), 2)
    def test_parts(self):
        with self.subTest(): self.assertEqual(step(3), 3)
@pytest.mark.asyncio
async def test_later(): await asyncio.sleep(0); assert step(1) == 2
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_any(anyio_backend): await asyncio.sleep(0); assert step(1) == 2
def test_subtests(subtests):
    with subtests.test(): step(0)
def example():
    '''
    >>> step(1)
    2
    '''
"""


def test_every_kind_of_test_is_a_trace(tests: Suite, store: Path) -> None:
    """Its calls hang under it, and what it was parametrised with is its input."""
    tests.write(KINDS)
    tests.run("--treadle", "--doctest-modules", plugins=("asyncio", "anyio"))
    assert trees(store) == {
        "test_given[0]": [["step"]],
        "test_method": [["step"]],
        "test_unit": [["step"], ["step"]],
        "test_parts": [["step"], ["step"]],
        "test_later": [["step"]],
        "test_any[asyncio]": [["step"]],
        "test_subtests": [["step"]],
        "test_it.example": [["step"]],
    }
    (given,) = [root for root in recorded.roots(store) if root.name.endswith("[0]")]
    assert given.given == {"number": 0}
    assert {root.start["attrs"]["test.suite.name"] for root in recorded.roots(store)} == {
        "test_it.py", "test_it.py::TestDesk", "test_it.py::TestOld",
    }  # fmt: skip


LONG_LIVED = """
import queue
@pytest.fixture(scope="module")
def server():
    asked, told = queue.Queue(), queue.Queue()
    def serve():
        while (number := asked.get()) is not None: told.put(step(number))
    thread = threading.Thread(target=serve)
    thread.start()
    yield lambda number: (asked.put(number), told.get())[1]
    asked.put(None)
    thread.join()
@pytest.fixture(scope="module")
def anyio_backend(): return "asyncio"
@pytest.fixture(scope="module")
async def line(anyio_backend): yield step(10)
@pytest.mark.parametrize("number", [1, 2])
def test_served(server, number): assert server(number) is None
@pytest.mark.anyio
@pytest.mark.parametrize("number", [3, 4])
async def test_awaited(line, number): await asyncio.sleep(0); assert step(number) is None
"""


def test_what_outlives_a_test_works_for_the_next(tests: Suite, store: Path) -> None:
    """A server's thread and an event loop that were started in one test: their calls are the next one's, then."""
    tests.write(LONG_LIVED)
    tests.run("--treadle", plugins=("anyio",))
    given = [[call.given["number"] for call in root.children] for root in recorded.roots(store)]
    assert given == [[1], [2], [10, 3], [4]]


AGAIN = """
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    for _ in range(2):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not any(report.failed for report in reports): break
    for report in reports: item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


def test_a_test_that_is_run_again_is_a_trace_each_time(tests: Suite, store: Path) -> None:
    """As plugins for flaky tests do: the attempt that failed is kept, the one that passed is not."""
    (tests.folder / "conftest.py").write_text(AGAIN)
    tests.write("left = [0, 1]\ndef test_flaky(): step(left.pop(0))\n")
    assert tests.run("--treadle").code == 0
    (root,) = recorded.roots(store)
    assert [call.given for call in root.children] == [{"number": 0}]


def test_every_worker_of_xdist_records(tests: Suite, store: Path) -> None:
    """And the run that started them tells of all."""
    tests.write("@pytest.mark.parametrize('number', range(4))\ndef test_it(number): assert step(number + 1) is None\n")
    ran = tests.run("--treadle", "-n", "2", plugins=("xdist",))
    assert trees(store) == {f"test_it[{number}]": [["step"]] for number in range(4)}
    assert len([line for line in ran.summary if line.startswith("treadle show ")]) == 4
    assert len({record["pid"] for record in recorded.records(store) if record["r"] == "process"}) == 2


@pytest.mark.parametrize("stop", ["-x", "--maxfail=1"])
def test_stopping_at_the_first_failure_keeps_it(tests: Suite, store: Path, stop: str) -> None:
    """And what comes after is not run."""
    tests.write("def test_one(): step(0)\ndef test_two(): step(0)\n")
    tests.run("--treadle", stop)
    assert trees(store) == {"test_one": [["step"]]}


@pytest.mark.parametrize("stop", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
def test_a_run_that_is_broken_off_keeps_the_test_it_was_in(tests: Suite, store: Path, stop: str) -> None:
    """As one that was interrupted."""
    tests.write(f"def test_one(): step(1)\ndef test_two():\n    step(1)\n    {stop}\n")
    assert tests.run("--treadle").code == 2
    (root,) = recorded.roots(store)
    assert (root.name, root.status) == ("test_it.py::test_two", "interrupted")


def test_what_runs_outside_of_tests_is_recorded_as_ever(tests: Suite, store: Path) -> None:
    """A call while tests are collected is a trace of its own, whatever the tests come to."""
    tests.write("step(7)\ndef test_good(): step(1)\n")
    tests.run("--treadle")
    (root,) = recorded.roots(store)
    assert root.given == {"number": 7}


def test_clients_are_recorded_and_scores_belong_to_the_test(
    tests: Suite, store: Path, model_server: ModelServer
) -> None:
    """Without a line in the tests that asks for it."""
    tests.write(
        "def test_bad():\n    import openai\n"
        f"    client = openai.OpenAI(base_url={model_server.base_url!r}, api_key='n')\n"
        "    client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'hi'}])\n"
        "    treadle.score('helpful', 0.5)\n    assert treadle.current() is None\n"
    )
    tests.run("--treadle")
    (root,) = recorded.roots(store)
    assert [call.start["kind"] for call in root.children] == ["llm"]
    (score,) = [record for record in recorded.records(store) if record["r"] == "score"]
    assert score["trace"] == root.start["trace"]


def test_settings_that_a_test_changes_leave_its_trace_whole(tests: Suite, store: Path) -> None:
    """Its own end is where its start is."""
    tests.write("def test_bad():\n    step(1)\n    treadle.configure(redact=str.upper)\n    step(2)\n    assert 0\n")
    assert "not recorded whole" not in tests.run("--treadle").out
    (root,) = recorded.roots(store)
    assert (root.status, root.tree[1:]) == ("error", [["step"], ["step"]])


def test_each_test_is_a_trace_where_pytest_itself_is_one(tests: Suite, store: Path) -> None:
    """As under `treadle run -m pytest`: the tests do not hang under the program."""
    tests.write("def test_bad(): step(0)\n")
    options = ["-p", "treadle.pytest_plugin", "--treadle"]
    run = f"import pytest, treadle\nwith treadle.span('whole'):\n    pytest.main({options})"
    python(run, cwd=tests.folder, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    whole, test = recorded.roots(store)
    assert (whole.tree, test.tree) == (["whole"], ["test_it.py::test_bad", ["step"]])
    assert whole.start["trace"] != test.start["trace"]
    assert whole.status == "ok"
