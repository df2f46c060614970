"""What the user asks of a replay, and what a replay needs of a store."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from treadle.model import Recording

TIMEOUT_S = 600.0
BARE_WORD = re.compile(r"[\w.*?\[\]!\-]+\Z")
"""A pattern that is a glob on names; anything else is SQL."""


class Steps(Protocol):
    """The order of a trace's steps, in which a store answers conditions."""

    def hex_id(self, index: int, /) -> str:
        """Return the span id of a step."""


class Source(Protocol):
    """What a replay needs of a store."""

    @property
    def path(self) -> Path:
        """The store's folder."""

    def recording(self, trace_id: str, /) -> Recording:
        """Return a trace with all that is needed to answer its calls."""

    def tree(self, trace_id: str, /) -> Steps:
        """Return the order of its steps."""

    def hits(self, trace_id: str, condition: str, /) -> NDArray[np.bool_]:
        """Return which steps a condition holds for."""

    def column(self, trace_id: str, expression: str, /) -> Sequence[str | None]:
        """Return the values of an expression, step by step."""


@dataclass(frozen=True, slots=True)
class Instead:
    """An argument or an answer of some calls, given by the user."""

    step: str
    """A glob on names, or SQL."""
    path: str | None
    """Of an argument, `$.messages[0].content`; None: the answer."""
    value: str
    """JSON; what is none is a text."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay, and how."""

    trace_id: str
    step_id: str | None = None
    """One call alone; None: the whole chain."""
    live: tuple[str, ...] = ()
    """Globs on names or SQL conditions: these calls run for real."""
    all_live: bool = False
    """Every call runs for real."""
    live_changed: bool = False
    """Calls with other arguments than recorded, and new ones, run for real; so it is wherever something is given."""
    from_id: str | None = None
    """A step: what began before it is served, it and what follows runs for real."""
    instead: tuple[Instead, ...] = ()
    model: str | None = None
    """The model that every model call is given; those run for real."""
    root_input: bytes | None = None
    """Tagged JSON, given to the first call instead of what was recorded."""
    strict: bool = False
    """A changed, new, missing or assumed call is an error, of glue too."""
    paced: bool = False
    """Answers take their recorded time."""
    with_effects: bool = False
    """What may not be called again without harm may run for real."""
    with_network: bool = True
    debugged: str | None = None
    """A step in which Python's debugger stops, on this terminal."""
    trust: bool = False
    """Replay records that carry no valid signature."""
    timeout_s: float = TIMEOUT_S

    @property
    def gives_something(self) -> bool:
        """Whether the user put something in the place of what was recorded."""
        return bool(self.instead) or self.model is not None or self.root_input is not None

    @property
    def lets_changed_run(self) -> bool:
        """Whether changed and new calls run for real: all those that depend on what was given."""
        return self.live_changed or bool(self.instead) or self.model is not None

    @property
    def is_overridden(self) -> bool:
        """Whether it is the user who makes the replay another run: a changed result is no failure then."""
        return self.gives_something or bool(self.live) or self.all_live or self.live_changed or self.from_id is not None
