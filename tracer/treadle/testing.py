"""Recorded runs as tests: what `treadle replay --export` writes calls `replay` with the fixture beside it.

The replay runs in a process of its own and in a store that is gone afterwards; it needs no key. Effects are answered
from the fixture, and nothing goes live: a call that the fixture has no answer for ends it as diverged.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson

from treadle.blobs import Blobs
from treadle.errors import RefusedError, TreadleError
from treadle.model import RecordedCall
from treadle.replay import fixture as fixtures
from treadle.replay import running
from treadle.replay.fixture import Fixture, localized
from treadle.replay.plan import Plan
from treadle.replay.report import outcome_of
from treadle.replay.strays import DIVERGING, error_text, missing_calls, reported_calls, stray_sentence
from treadle.values import digest, plain

__all__ = ["Replayed", "replay"]

Status: TypeAlias = Literal["returned", "raised", "diverged", "not replayable", "refused", "timed out", "crashed"]

TIMEOUT_S = 60.0
UNSET = ("TREADLE_HIDE_INPUTS", "TREADLE_HIDE_OUTPUTS", "TREADLE_RECORD")
"""What this machine wants recorded does not count: the fixture is compared with what it says was recorded."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay ended."""

    status: Status
    sentence: str
    """What `treadle replay` would say of it."""
    output: Any = None
    """What it returned, as plain JSON."""
    recorded: Any = None
    """What was returned in the recording, likewise."""
    error: str | None = None
    """`Type: message`, where it raised."""
    diverged: str | None = None
    """Where it left the recording, and how."""


def replay(fixture: str | Path, *, timeout_s: float = TIMEOUT_S, network: bool = False) -> Replayed:
    """Run a recorded call again with today's code, its effects answered from the fixture.

    What the program prints is printed, and where it raised its traceback, so that pytest shows them. `network`: whether
    code that is not traced may open sockets.
    """
    path = Path(fixture).absolute()
    try:
        held = fixtures.read(path)
        with tempfile.TemporaryDirectory(prefix="treadle-test-") as folder:
            return _run(held, path.parent, Path(folder), timeout_s=timeout_s, network=network)
    except RefusedError as error:
        return Replayed("refused", str(error))
    except TreadleError as error:
        return Replayed("not replayable", str(error))


def _run(held: Fixture, beside: Path, folder: Path, *, timeout_s: float, network: bool) -> Replayed:
    local = localized(held, beside)
    store = folder / "store"
    blobs = Blobs(store)
    for data in local.blobs.values():
        blobs.keep(data)
    plan = Plan(
        store=str(store),
        trace_id=held.trace_id,
        root_id=held.root_id,
        process=local.process,
        calls=local.calls,
        report=str(folder / "report.ndjson"),
        is_strict=held.strict,
        with_network=network,
    )
    environment = {name: _made_up(name, shown) for name, shown in held.environment.items()}
    environment |= dict.fromkeys(UNSET, "") | {"TREADLE_KEY_FILE": str(folder / "key")}
    printed = folder / "printed"
    with printed.open("wb") as output:
        ended = running.run(plan, folder, timeout_s=timeout_s, output=output, environment=environment)
    sys.stdout.write(printed.read_text(errors="replace"))
    root = next(call for call in local.calls if call.span_id == held.root_id)
    return _told(ended, local.calls, root, timeout_s, is_strict=held.strict)


def _made_up(name: str, shown: str) -> str:
    """Return a secret for a variable: masked as the real one was, and as long as one is."""
    return f"{shown.removesuffix('…')}-made-up-{name.lower()}".lstrip("-")


def _told(
    ended: running.Ended, calls: tuple[RecordedCall, ...], root: RecordedCall, timeout_s: float, *, is_strict: bool
) -> Replayed:
    last = outcome_of(ended.lines)
    reports = reported_calls(ended.lines, calls)
    strayed = [call for call in reports if call.decision in DIVERGING]
    if is_strict and last is not None and last["outcome"] == "returned":
        strayed += missing_calls(reports, calls)
    if strayed:
        sentence = stray_sentence(strayed[0], more=len(strayed) - 1)
        return Replayed("diverged", sentence, diverged=sentence)
    broken = running.broken_end(ended, timeout_s)
    if broken is not None:
        status, sentence = broken
        return Replayed(status, sentence, diverged=sentence if status == "diverged" else None)
    assert last is not None
    tagged = last["output"].encode()
    if last["outcome"] == "raised":
        error = error_text(tagged)
        sys.stdout.write(str(last["error"].get("stack", "")))
        return Replayed("raised", f"it raised {error}", error=error)
    recorded = root.output_tagged if root.status == "ok" else None
    shown = None if recorded is None else orjson.loads(plain(recorded))
    is_same = recorded is not None and digest(recorded) == digest(tagged)
    return Replayed("returned", "it returned", shown if is_same else orjson.loads(plain(tagged)), shown)
