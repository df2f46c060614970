"""The plan of one replay: the recording, what may run live, and what to start. It travels to the child as a file."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from treadle.model import Chunk, Function, Process, RecordedCall


@dataclass(frozen=True, slots=True)
class Plan:
    """What the child is to do."""

    store: str
    trace_id: str
    root_id: str
    """The step to run: the recording's root, or one call alone."""
    process: Process
    calls: tuple[RecordedCall, ...]
    live_ids: frozenset[str]
    """Recorded steps that run for real."""
    live_names: tuple[str, ...]
    """Globs: calls of these names run for real also where the recording has none like them."""
    root_input: bytes | None
    """Tagged JSON to be given to the root instead of what was recorded."""
    is_signed: bool
    """Whether this user recorded all of it: only then is what was pickled loaded."""
    report: str
    """The file that the child appends its decisions to."""

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
    held["root_input"] = _bytes(held["root_input"])
    return Plan(**held)


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
    held["chunks"] = tuple(Chunk(chunk["at_ns"], chunk["payload"].encode()) for chunk in held["chunks"])
    return RecordedCall(**held)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
