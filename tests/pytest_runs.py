"""Runs of pytest with our plugin, each in a process and a project of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LONGEST_RUN_S = 120
OURS = ("-p", "treadle.pytest_plugin")
CONFIGURED = "[tool.pytest.ini_options]\n"
STEP = """
import asyncio, os, threading, unittest
import pytest, treadle

@treadle.trace(kind="tool")
def step(number):
    return 1 / number
"""
"""How each file of tests begins."""


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> list[str]:
        """The lines of the summary that are ours."""
        return [line for line in self.out.splitlines() if line.lstrip("= `").startswith("treadle")]


class Suite:
    """A project with tests in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "pyproject.toml").write_text(CONFIGURED)

    def write(self, source: str, file: str = "test_it.py") -> None:
        """Write a file of tests."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(STEP + source)

    def run(self, *arguments: str, cwd: Path | None = None, plugins: tuple[str, ...] = ()) -> Ran:
        """Run pytest here, with our plugin and those that are named, and none of the others that are installed."""
        named = [word for plugin in plugins for word in ("-p", plugin)]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *OURS, *named, *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        done = subprocess.run(
            command, cwd=cwd or self.folder, env=environment, capture_output=True, text=True, timeout=LONGEST_RUN_S
        )
        return Ran(done.returncode, done.stdout, done.stderr)
