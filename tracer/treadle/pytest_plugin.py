"""`pytest --treadle`: each test is a trace, and those of failed tests are kept.

Every run of pytest loads this where Treadle is installed, so it imports no more than `import treadle` does.
"""

from __future__ import annotations  # older versions of pytest have not all the names

import pytest

from treadle.config import is_disabled

OPTION = "treadle"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--treadle`, with the value only after an equals sign: what follows it is a path."""
    group = parser.getgroup("treadle", "traces of tests (treadle)")
    group.addoption(
        "--treadle",
        "--treadle=failed",
        dest=OPTION,
        action="store_const",
        const="failed",
        help="Record each test as a trace, and keep those of failed tests.",
    )
    group.addoption(
        "--treadle=all",
        dest=OPTION,
        action="store_const",
        const="all",
        help="Record each test as a trace, and keep all of them.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, where that was asked for."""
    kept = config.getoption(OPTION)
    if kept is None or is_disabled():
        return
    from treadle.pytest_traces import TracesOfTests

    config.pluginmanager.register(TracesOfTests(config, keep_all=kept == "all"), "treadle-traces")
