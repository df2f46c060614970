"""`treadle.configure`: where and how this process records."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from treadle.errors import UsageError
from treadle.kinds import KINDS
from treadle.names import REPLAY_VARIABLE
from treadle.surroundings.groups import checked_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What `configure` can choose, and what a replay and `treadle run` put in the place of a program's own."""

    store: str | Path | None = None
    redact: Callable[[str], str] | None = None
    sample: float = 1.0
    forward: str | None = None
    propagate: tuple[str, ...] = ()
    hide_inputs: bool | tuple[str, ...] = False
    hide_outputs: bool | tuple[str, ...] = False
    fsync: bool = False
    record: tuple[str, ...] | None = None
    """None: what the environment says."""
    program: dict[str, Any] | None = None
    """Fields of the process record that are not this process's own, in a replay and under `treadle run`."""


class Unchanged(Enum):
    """Says that a setting stays what it is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
_PATTERNS = frozenset({"hide_inputs", "hide_outputs"})
_KIND = re.compile(r"""kind\s*=\s*(['"]?)(\w+)\1""")
_LISTS = frozenset({"propagate", "hide_inputs", "hide_outputs", "record"})
_CHOSEN_FOR_A_REPLAY = ("store", "forward")
"""Not the replayed program's to choose: it is answered from that store, and no span leaves it."""
_settings = Settings()
_changed: list[Callable[[], None]] = []


def settings() -> Settings:
    """Return what holds in this process."""
    return _settings


def configure(
    *,
    store: str | Path | Unchanged | None = UNCHANGED,
    redact: Callable[[str], str] | Unchanged | None = UNCHANGED,
    sample: float | Unchanged = UNCHANGED,
    forward: str | Unchanged | None = UNCHANGED,
    propagate: Iterable[str] | Unchanged = UNCHANGED,
    hide_inputs: bool | Iterable[str] | Unchanged = UNCHANGED,
    hide_outputs: bool | Iterable[str] | Unchanged = UNCHANGED,
    fsync: bool | Unchanged = UNCHANGED,
    record: Iterable[str] | Unchanged = UNCHANGED,
) -> None:
    """Choose where and how this process records, before its first traced call; what is not named stays as it is.

    - `store`: the folder to record into.
    - `redact`: gets every text that would be written and returns what may be; Treadle's own redaction comes after it.
    - `sample`: the share of traces to record, from 0 to 1, decided by the trace's id.
    - `forward`: the URL of a collector that gets every span over OTLP, payloads included.
    - `propagate`: hosts (`api.example.com`, `*.internal`) that get a W3C `traceparent` header; nobody else does.
    - `hide_inputs`, `hide_outputs`: record none (True), or none of the steps that are named: a bare word is a glob on
      the name, `kind='llm'` names a kind. What an error says, and its locals, are hidden with either. The environment
      can add to it: `TREADLE_HIDE_INPUTS`, `TREADLE_HIDE_OUTPUTS` (`1`, or a list with commas).
    - `fsync`: have every record reach the disk before the call goes on; guards against power loss, costs milliseconds.
    - `record`: what else a replay is to answer as it was: `clock`, `random`, `uuid`. While a traced call runs, what the
      project's own code asks of `time`, `datetime`, `random`, `uuid`, `secrets` and `os.urandom` is a step then. The
      tokens that `secrets` makes are in the store then. `()` ends it; the environment's `TREADLE_RECORD`
      (`clock,random`) is for programs that do not say.

    Raises:
        UsageError: a value that cannot be.

    """
    named = {"store": store, "redact": redact, "sample": sample, "forward": forward, "propagate": propagate}
    named |= {"hide_inputs": hide_inputs, "hide_outputs": hide_outputs, "fsync": fsync, "record": record}
    if os.environ.get(REPLAY_VARIABLE):
        named |= dict.fromkeys(_CHOSEN_FOR_A_REPLAY, UNCHANGED)
    use(**{name: value for name, value in named.items() if value is not UNCHANGED})


def use(**changes: Any) -> None:
    """Change settings by name, those too that only Treadle itself sets; holds from the next record on."""
    global _settings
    _settings = replace(_settings, **{name: _checked(name, value) for name, value in changes.items()})
    for changed in _changed:
        changed()
    if "record" in changes:
        from treadle.surroundings.installing import follow

        follow()


def reset() -> None:
    """Go back to what holds where nobody chose anything."""
    use(**{field.name: field.default for field in fields(Settings)})


def when_changed(act: Callable[[], None]) -> None:
    """Call `act` after each change."""
    _changed.append(act)


def _checked(name: str, value: Any) -> Any:
    if name == "sample" and not 0 <= value <= 1:
        raise UsageError(f"sample is {value!r}: it is a share, from 0 to 1")
    if name == "forward" and value is not None and not value.startswith(("http://", "https://")):
        raise UsageError(f"forward is {value!r}: give a collector's address, such as http://localhost:4318")
    if name in _LISTS and not isinstance(value, bool) and value is not None:
        if isinstance(value, str):
            raise UsageError(f"{name} is {value!r}: give a list, even of one")
        if name == "record":
            return checked_groups(value, name)
        return checked_patterns(value, name) if name in _PATTERNS else tuple(value)
    return value


def checked_patterns(patterns: Iterable[str], source: str) -> tuple[str, ...]:
    """Return patterns that name steps, without the empty ones.

    Raises:
        UsageError: one names a kind that there is not.

    """
    checked = tuple(pattern.strip() for pattern in patterns if pattern.strip())
    for pattern in checked:
        if (kind := kind_named_by(pattern)) is not None and kind not in KINDS:
            raise UsageError(f"{source} has {pattern!r}: there is no such kind; use one of {', '.join(KINDS)}")
    return checked


def kind_named_by(pattern: str) -> str | None:
    """Return the kind of steps that `kind='llm'` names; None where a pattern is a glob on the name."""
    found = _KIND.fullmatch(pattern)
    return found[2] if found is not None else None
