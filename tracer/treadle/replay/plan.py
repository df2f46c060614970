"""The plan of one replay: the recording, what may run live, what is said instead, and what to start.

It travels to the child as a file.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from treadle.model import Chunk, Function, KeptSource, Process, RecordedCall
from treadle.replay.overrides import Override


@dataclass(frozen=True, slots=True)
class Plan:
    """What the child is to do."""

    store: str
    trace_id: str
    root_id: str
    """The step to run: the recording's root, or one call alone."""
    process: Process
    calls: tuple[RecordedCall, ...]
    report: str
    """The file that the child appends its decisions to."""
    live_ids: frozenset[str] = frozenset()
    """Recorded steps that run for real."""
    live_names: tuple[str, ...] = ()
    """Globs: calls of these names run for real also where the recording has none like them."""
    live_changed: bool = False
    """Whether calls with other arguments than recorded, and new ones, run for real."""
    live_from: str | None = None
    """A recorded step: once it has begun, changed and new calls run for real."""
    overrides: tuple[Override, ...] = ()
    model: str | None = None
    """The model that every model call is given instead of its own."""
    is_strict: bool = False
    """Whether glue that was called with other arguments, or that the recording has not, stops the replay too, and
    whatever is only assumed to be the same."""
    is_paced: bool = False
    """Whether answers take the time that they took in the recording."""
    with_effects: bool = False
    """Whether what may not be called again without harm may run for real."""
    with_network: bool = True
    debugged: str | None = None
    """A recorded step in which Python's debugger is to stop."""
    root_input: bytes | None = None
    """Tagged JSON to be given to the root instead of what was recorded."""
    is_signed: bool = False
    """Whether this user recorded all of it: only then is what was pickled loaded."""
    sources: tuple[KeptSource, ...] = ()
    """Cells of a notebook, every one signed by this user: a trusted recording's too."""

    def write(self, path: Path) -> None:
        """Write the plan, for its user only."""
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(asdict(self), default=_plain))


def read(path: Path) -> Plan:
    """Read a plan that `Plan.write` wrote."""
    held = orjson.loads(path.read_bytes())
    held["process"] = _process(held["process"])
    held["calls"] = tuple(_call(call) for call in held["calls"])
    held["live_ids"] = frozenset(held["live_ids"])
    held["live_names"] = tuple(held["live_names"])
    held["overrides"] = tuple(_override(override) for override in held["overrides"])
    held["root_input"] = _bytes(held["root_input"])
    held["sources"] = tuple(KeptSource(**source) for source in held["sources"])
    return Plan(**held)


def with_ancestors(calls: Sequence[RecordedCall], live_ids: frozenset[str]) -> frozenset[str]:
    """Return the ids of live steps, and of everything above them: an effect above one must run to reach it."""
    parents = {call.span_id: call.parent_span_id for call in calls}
    running: set[str] = set()
    for span_id in live_ids:
        above: str | None = span_id
        while above is not None and above not in running:
            running.add(above)
            above = parents.get(above)
    return frozenset(running)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _process(held: dict[str, Any]) -> Process:
    return Process(**{**held, "argv": tuple(held["argv"]), "path": tuple(held["path"])})


def _call(held: dict[str, Any]) -> RecordedCall:
    function = held["function"]
    held["function"] = (
        Function(**{field.name: function[field.name] for field in fields(Function)}) if function else None
    )
    held["input_tagged"] = held["input_tagged"].encode()
    held["output_tagged"] = _bytes(held["output_tagged"])
    held["cells"] = _bytes(held["cells"])
    held["chunks"] = tuple(Chunk(chunk["at_ns"], chunk["payload"].encode()) for chunk in held["chunks"])
    return RecordedCall(**held)


def _override(held: dict[str, Any]) -> Override:
    return Override(**{**held, "ids": frozenset(held["ids"]), "value": held["value"].encode()})


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
