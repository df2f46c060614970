"""`pytest --treadle` and its host: what it prints, where it records, and that it changes nothing else."""

import importlib.util
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

import recorded
from pytest_runs import Suite


@pytest.fixture
def tests(tmp_path: Path) -> Suite:
    """Return an empty project."""
    return Suite(tmp_path / "project")


def test_the_store_is_found_from_the_root_of_the_tests(tests: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not from the folder that pytest was started in."""
    monkeypatch.delenv("TREADLE_STORE")
    tests.write("def test_bad(): step(0)\n", "inner/test_it.py")
    (tests.folder / "inner" / ".git").mkdir()
    ran = tests.run("--treadle", "--rootdir", "..", cwd=tests.folder / "inner")
    assert len(recorded.roots(tests.folder / ".treadle")) == 1
    assert "kept in ../.treadle" in ran.out


def test_the_summary_says_how_to_look_at_each_failure(tests: Suite, store: Path) -> None:
    """A line for each, with a prefix of its trace's id; pytest's own summary follows."""
    tests.write("def test_one(): step(0)\ndef test_two(): step(0)\n")
    ran = tests.run("--treadle", ".")
    ids = [root.start["trace"][:8] for root in recorded.roots(store)]
    where = os.path.relpath(store, tests.folder)
    assert ran.summary[0].strip("= ") == f"treadle: 2 traces kept in {where}"
    assert ran.summary[1:3] == [
        f"treadle show {ids[0]}  test_it.py::test_one",
        f"treadle show {ids[1]}  test_it.py::test_two",
    ]
    assert len(ran.summary) == 4


PASSING = "def test_good(capsys):\n    print('x'); step(1)\n    assert capsys.readouterr().out == 'x\\n'\n"


@pytest.mark.parametrize("more", [(), ("-q",), ("--collect-only",), ("-v", "--setup-show")])
def test_a_run_without_failures_prints_what_it_would(tests: Suite, store: Path, more: tuple[str, ...]) -> None:
    """With `--treadle` as without, and nothing is kept."""
    tests.write(PASSING)
    plain, treadled = tests.run(*more), tests.run("--treadle", *more)
    told = [re.sub(r"in [\d.]+s", "", ran.out) for ran in (plain, treadled)]
    assert (told[0], plain.code, plain.err) == (told[1], treadled.code, treadled.err)
    assert recorded.calls(store) == [*recorded.roots(store)]
    assert not [root for root in recorded.roots(store) if "::" in root.name]


LOOKING = """
import sys
def pytest_unconfigure():
    import json, pathlib
    pathlib.Path("loaded.json").write_text(json.dumps(sorted(sys.modules)))
"""


def test_without_the_option_nothing_is_loaded_and_nothing_recorded(tests: Suite, store: Path) -> None:
    """It is loaded in every run of everybody who has Treadle installed."""
    (tests.folder / "conftest.py").write_text(LOOKING)
    (tests.folder / "test_it.py").write_text("def test_good(): pass\n")
    assert tests.run().code == 0
    loaded = set(json.loads((tests.folder / "loaded.json").read_text()))
    assert "treadle.pytest_plugin" in loaded
    assert loaded.isdisjoint({"opentelemetry", "orjson", "duckdb", "treadle.pytest_traces", "treadle.recorder"})
    assert not store.exists()


def test_disabled_records_nothing(tests: Suite, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TREADLE_DISABLED` comes first."""
    monkeypatch.setenv("TREADLE_DISABLED", "1")
    tests.write("def test_bad(): step(0)\n")
    ran = tests.run("--treadle")
    assert (ran.code, ran.summary) == (1, [])
    assert not store.exists()


def test_a_store_that_cannot_be_written_fails_no_test(tests: Suite, store: Path) -> None:
    """The tests run unrecorded."""
    store.touch()
    tests.write(PASSING + "def test_bad(): step(0)\n")
    ran = tests.run("--treadle")
    assert ran.code == 1
    assert "1 failed, 1 passed" in ran.out
    assert not [line for line in ran.summary if line.startswith("treadle show")]


def test_the_plugin_is_found_by_pytest_where_treadle_is_installed() -> None:
    """The entry point names a module that is there."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {"treadle": "treadle.pytest_plugin"}
    assert importlib.util.find_spec("treadle.pytest_plugin") is not None
