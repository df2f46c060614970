"""`import treadle` against a bare Python: whole processes, by turns."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks.measuring import by_turns, say

DECORATED = "import treadle\n@treadle.trace\ndef answer(question): ..."


def main() -> None:
    """Measure user and system time of both, from bytecode, as an installed package has it."""
    _running("import treadle")()
    sides = map(_running, ("import treadle", DECORATED, "import inspect", "pass"))
    ours, decorated, inspect, bare = by_turns(*sides, rounds=31, clock=_children_s)
    say("import treadle, over a bare Python", _over(bare, ours), "under 20 ms")
    say("the same, and a function is decorated", _over(bare, decorated), "none")
    say("(import inspect alone, which the decorator needs)", _over(bare, inspect), "none")


def _over(bare_s: float, spent_s: float) -> str:
    return f"{(spent_s - bare_s) * 1e3:.1f} ms ({bare_s * 1e3:.0f} ms bare)"


def _running(source: str) -> Callable[[], object]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run([sys.executable, "-c", source], check=True, env=environment)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
