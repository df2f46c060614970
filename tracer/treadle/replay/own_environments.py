"""Processes that a replayed program starts with an environment of its own: they are told of the replay all the same.

Else a traced program there would take itself for one that nobody replays, and make its effects.
"""

import functools
import inspect
import subprocess
from collections.abc import Mapping
from typing import Any

from treadle.names import REPLAY_VARIABLE


def install(report: str) -> None:
    """Have every process that `subprocess` starts from now on know of the replay with this report."""
    original = subprocess.Popen.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def init(*args: Any, **kwargs: Any) -> None:
        try:
            given = signature.bind(*args, **kwargs)
        except TypeError:
            original(*args, **kwargs)  # which says what is wrong
            return
        environment = given.arguments.get("env")
        if isinstance(environment, Mapping):
            given.arguments["env"] = {**environment, REPLAY_VARIABLE: report}
        original(*given.args, **given.kwargs)

    subprocess.Popen.__init__ = init  # type: ignore[method-assign]
