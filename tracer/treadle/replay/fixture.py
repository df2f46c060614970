"""A recording as a file in a project's tests: a replay from it needs no store, no key and no path of one machine.

Values are the recorded ones as JSON that a person can read and review. Nothing in it is signed, since whoever commits
it chose what is in it; so nothing that was pickled is loaded from it.
"""

import sys
from base64 import b64decode, b64encode
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from treadle.errors import NotReplayableError
from treadle.model import Chunk, Function, Process, RecordedCall
from treadle.replay.relocating import Relocation, unmarking

FORMAT = 1
PAYLOADS = tuple(field.name for field in fields(RecordedCall) if field.type in (bytes, bytes | None))
"""The fields of a call that are tagged JSON."""
_DROPPED = frozenset({"trace_id", "process_id", "seq", "source", "start_signature", "end_signature"})
_ABSENT: dict[str, Any] = {"chunks": (), "closed_early": False, "replayable": True}
"""What a field is that the file does not name; all others are None."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """All that a replay needs."""

    trace_id: str
    root_id: str
    project: str
    """The project's folder, from the file's own."""
    marks: dict[str, str]
    """What stands for the `project` and for the `home` folder in all that follows."""
    program: dict[str, Any]
    """`argv`, `cwd`, `path`, and `main_file` or `main_module`."""
    calls: tuple[dict[str, Any], ...]
    """The fields of each call, its payloads as trees."""
    blobs: dict[str, bytes]
    environment: dict[str, str]
    """Variables that hold secrets, with what is shown of them: each gets a made-up value."""
    strict: bool = False


def call_fields(call: RecordedCall) -> dict[str, Any]:
    """Return what a fixture holds of a call, its payloads and chunks as trees."""
    held: dict[str, Any] = {}
    for field in fields(RecordedCall):
        value = getattr(call, field.name)
        if field.name in _DROPPED or value == _ABSENT.get(field.name):
            continue
        if field.name in PAYLOADS:
            value = orjson.loads(value)
        elif isinstance(value, Function):
            value = {each.name: getattr(value, each.name) for each in fields(Function)}
        elif field.name == "chunks":
            value = [[chunk.at_ns, orjson.loads(chunk.payload)] for chunk in call.chunks]
        held[field.name] = value
    return held


def write(fixture: Fixture, path: Path) -> None:
    """Write the file."""
    held = {
        "treadle_fixture": FORMAT,
        "trace": fixture.trace_id,
        "root": fixture.root_id,
        "strict": fixture.strict,
        "project": fixture.project,
        "marks": fixture.marks,
        "environment": fixture.environment,
        "program": fixture.program,
        "calls": fixture.calls,
        "blobs": {name: _blob_text(data) for name, data in fixture.blobs.items()},
    }
    path.write_bytes(orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read(path: Path) -> Fixture:
    """Read a file that `write` wrote.

    Raises:
        NotReplayableError: it is gone, is none, or was written by another Treadle.

    """
    try:
        held = orjson.loads(path.read_bytes())
        if held["treadle_fixture"] != FORMAT:
            raise NotReplayableError(f"{path} was written by another Treadle: export it again")
        if held["root"] not in [call["span_id"] for call in held["calls"]]:
            raise NotReplayableError(f"{path} has no call {held['root']}: export it again")
        return Fixture(
            trace_id=held["trace"],
            root_id=held["root"],
            project=held["project"],
            marks=held["marks"],
            program=held["program"],
            calls=tuple(held["calls"]),
            blobs={name: _blob_bytes(text) for name, text in held["blobs"].items()},
            environment=held["environment"],
            strict=held["strict"],
        )
    except OSError as error:
        raise NotReplayableError(f"the fixture {path} cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotReplayableError(f"{path} is no fixture of a replay: {error}") from error


@dataclass(frozen=True, slots=True)
class Local:
    """A fixture on this machine."""

    process: Process
    calls: tuple[RecordedCall, ...]
    blobs: dict[str, bytes]


def localized(fixture: Fixture, folder: Path) -> Local:
    """Return the recording as if it had been made on this machine, its fixture lying in this folder.

    Raises:
        NotReplayableError: something in it is not what `write` would have written.

    """
    places = {"project": (folder / fixture.project).resolve(), "home": _home(folder)}
    relocation = Relocation(unmarking({fixture.marks[name]: place for name, place in places.items()}), fixture.blobs)
    try:
        calls = tuple(_call({**call, "trace_id": fixture.trace_id}, relocation) for call in fixture.calls)
        return Local(_process(relocation.tree(fixture.program)), calls, relocation.blobs)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise NotReplayableError(f"the fixture in {folder} was changed: {type(error).__name__}: {error}") from error


def _home(otherwise: Path) -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return otherwise


def _call(held: dict[str, Any], relocation: Relocation) -> RecordedCall:
    made: dict[str, Any] = {"process_id": "", "seq": 0, "source": "live", "start_signature": None}
    for field in fields(RecordedCall):
        if field.name not in held:
            default = None if field.default is MISSING else field.default
            made.setdefault(field.name, _ABSENT.get(field.name, default))
            continue
        value = relocation.tree(held[field.name])
        if field.name in PAYLOADS:
            value = orjson.dumps(value)
        elif field.name == "function" and value is not None:
            value = Function(**value)
        elif field.name == "chunks":
            value = tuple(Chunk(at_ns, orjson.dumps(tree)) for at_ns, tree in value)
        made[field.name] = value
    return RecordedCall(**made)


def _process(program: dict[str, Any]) -> Process:
    """Return the program as this Python runs it, with what this process can import."""
    return Process(
        process_id="",
        pid=0,
        argv=tuple(program["argv"]),
        cwd=program["cwd"],
        python="",
        executable=sys.executable,
        main_file=program.get("main_file"),
        main_module=program.get("main_module"),
        main_notebook=None,
        path=tuple(dict.fromkeys([*program["path"], *sys.path])),
        host="",
        git_commit=None,
        git_dirty=None,
        started_at_ns=0,
        signature=None,
    )


def _blob_text(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def _blob_bytes(held: dict[str, str]) -> bytes:
    return held["text"].encode() if "text" in held else b64decode(held["base64"], validate=True)
