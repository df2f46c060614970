"""`import treadle` against a bare Python: whole processes, by turns."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks.measuring import by_turns, say


def main() -> None:
    """Measure user and system time of both, from bytecode, as an installed package has it."""
    _running("import treadle")()
    ours, bare = by_turns(_running("import treadle"), _running("pass"), rounds=31, clock=_children_s)
    say("import treadle, over a bare Python", f"{(ours - bare) * 1e3:.1f} ms ({bare * 1e3:.0f} ms bare)", "under 20 ms")


def _running(source: str) -> Callable[[], object]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run([sys.executable, "-c", source], check=True, env=environment)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
