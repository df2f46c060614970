"""A recording as a test of the project's own: a file for pytest, and beside it the fixture that it is replayed from.

What the fixture holds leaves the machine, so secrets are looked for again, and no path of this machine is in it. An
effect whose answer was a secret cannot be answered by the test: who exports is told.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from treadle.blobs import read_blob
from treadle.config import PROJECT_MARKS, project_root
from treadle.errors import NotReplayableError, UsageError
from treadle.model import EFFECT_KINDS, Process, RecordedCall, TraceSummary
from treadle.replay import fixture as fixtures
from treadle.replay.fixture import PAYLOADS, Fixture, call_fields
from treadle.replay.model_spans.reading import is_model_span
from treadle.replay.relocating import Relocation, marking
from treadle.values.classes import is_project_file
from treadle.values.redact import Redactor, mask
from treadle_debugger.admission import calls_below, check_replayable, check_signatures, root_of
from treadle_debugger.pytest_text import Claim, text_of_test
from treadle_debugger.request import Request, Source
from treadle_storage.censor import Censor, has_tag

MARKS = {"project": "<project{}>", "home": "<home{}>"}
OWN_ATTRIBUTES = "treadle."
"""What attributes begin with that a replay reads."""
LOST = ("secret", "pickle")
"""Tags of what a fixture holds no value for."""
MASKED = ("secret", "env")
CHUNK_OF_SECRET = {"$": "secret", "v": "…"}
OPENAI_KEY = "OPENAI_API_KEY"
"""Without one the client is not even made."""


class ExportSource(Source, Protocol):
    """What an export needs of a store."""

    def trace(self, trace_id: str, /) -> TraceSummary:
        """Return what a trace came to."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that is not in the fixture."""

    step: str
    place: str
    """`input`, `answer`, `chunk 3`, `arguments of the program`."""
    path: str
    shown: str
    is_new: bool
    """Whether the export took it out; else it was never recorded."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what is not in it."""

    test: Path
    fixture: Path
    claim: Claim
    """What the test asks for: `returns`, `differs` from what was recorded, or is the `same`."""
    calls: int
    secrets: tuple[Secret, ...]
    unanswerable: tuple[str, ...]
    """Effects whose answer was a secret or a pickle: where the program asks for it, the test fails and says so."""


def export(store: ExportSource, request: Request, path: Path) -> Exported:
    """Write a test of one recorded chain, or call, and its fixture: `tests/test_refund.py`, `tests/test_refund.json`.

    Raises:
        NotFoundError: the trace has no such step.
        NotReplayableError: the recording lacks what the test needs.
        RefusedError: a record was changed, or carries no signature of this user's.
        UsageError: a file is there already, or cannot be a test of the project; or something would go live.

    """
    recording = store.recording(request.trace_id)
    root = root_of(recording, request.step_id)
    calls = calls_below(recording.calls, root)
    _check_request(request, recording.process, root)
    check_replayable(root, request, frozenset())
    if not request.trust:
        check_signatures(recording.process, root, calls, frozenset(), store=store.path)
    test, written = _checked_paths(path)
    project = _project_of(recording.process, root, test)
    exporting = _Export(store.path, project, recording.process)
    fixture = exporting.fixture(recording.trace_id, root, calls, request, written.parent)
    claim = _claim(root, is_scored=request.step_id is None and store.trace(recording.trace_id).failed)
    recorded_root = next(call for call in fixture.calls if call["span_id"] == root.span_id)
    text = text_of_test(test.stem, recorded_root["name"], claim, orjson.dumps(recorded_root.get("output_tagged")))
    test.parent.mkdir(parents=True, exist_ok=True)
    fixtures.write(fixture, written)
    test.write_text(text, encoding="utf-8")
    return Exported(test, written, claim, len(calls), tuple(exporting.secrets), tuple(exporting.unanswerable))


def _check_request(request: Request, process: Process, root: RecordedCall) -> None:
    is_another_run = replace(request, root_input=None).is_overridden
    if is_another_run or request.with_effects or request.paced or request.debugged is not None:
        raise UsageError("a test makes no real call and changes nothing: export the trace as it was recorded")
    if is_model_span(root):
        raise UsageError(f"{root.name} has no function that a test could call, and asks its model for real: no export")
    if root.kind in EFFECT_KINDS:
        raise UsageError(f"{root.name} alone makes a real call, and a test makes none: export the chain above it")
    is_in_main = root.function is not None and root.function.module == "__main__"
    if is_in_main and process.main_file is None and process.main_module is None:
        raise NotReplayableError(f"{root.name} was typed into a notebook or an interpreter: a test needs it in a file")


def _checked_paths(path: Path) -> tuple[Path, Path]:
    test = path.absolute()
    if test.suffix != ".py" or not test.stem.startswith("test_") or not test.stem.isidentifier():
        raise UsageError(f"pytest collects files such as test_refund.py: {path.name} is none")
    written = test.with_suffix(".json")
    for file in (test, written):
        if file.exists():
            raise UsageError(f"{file} is there already: remove it, or choose another name")
    return test, written


def _project_of(process: Process, root: RecordedCall, test: Path) -> Path:
    """Return the folder of the project that the test is in, and what it tests.

    Raises:
        UsageError: they are not in one project.

    """
    function = root.function.file if root.function is not None else None
    known = [file for file in (function, process.main_file) if file and Path(file).is_absolute()]
    own = [Path(file).parent for file in known if is_project_file(file)]
    cwd = Path(process.cwd)
    project = project_root((own or [cwd])[0])
    if project != cwd and project.is_relative_to(cwd) and (_is_marked(cwd) or not _is_marked(project)):
        project = cwd  # the program ran from the top of it
    if not test.resolve().is_relative_to(project.resolve()):
        raise UsageError(f"write the test inside the project {project}: it finds the program from where it lies")
    return project


def _is_marked(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in PROJECT_MARKS)


def _claim(root: RecordedCall, *, is_scored: bool) -> Claim:
    if root.status != "ok":
        return "returns"
    return "differs" if is_scored else "same"


class _Export:
    """One export: what becomes of the recording on its way into the fixture, and what was found on it."""

    def __init__(self, store: Path, project: Path, process: Process) -> None:
        self._project = project.resolve()
        self._names = dict.fromkeys((project, self._project))
        """The folder as the program was told of it, and what it is behind links."""
        self._process = process
        self._redactor = Redactor()
        self._censor = Censor(self._redactor, lambda name: read_blob(store, name))
        self.secrets: list[Secret] = []
        self.unanswerable: list[str] = []

    def fixture(
        self, trace_id: str, root: RecordedCall, calls: tuple[RecordedCall, ...], request: Request, folder: Path
    ) -> Fixture:
        """Return what is written to a folder."""
        held = [self._without_secrets(call, root, request) for call in calls]
        program = self._program()
        marks = _unused_marks(orjson.dumps([held, program]), self._censor.blobs.values())
        folders = [*((marks["project"], each) for each in self._names), *((marks["home"], each) for each in _homes())]
        relocation = Relocation(marking(folders), self._censor.blobs)
        return Fixture(
            trace_id=trace_id,
            root_id=root.span_id,
            project=os.path.relpath(self._project, folder.resolve()),
            marks=marks,
            program=relocation.tree(program),
            calls=tuple(relocation.tree(call) for call in held),
            blobs=relocation.blobs,
            environment=self._environment(calls),
            strict=request.strict,
        )

    def _without_secrets(self, call: RecordedCall, root: RecordedCall, request: Request) -> dict[str, Any]:
        held = call_fields(call)
        if call is root and request.root_input is not None:
            held["input_tagged"] = orjson.loads(request.root_input)
        for name in filter(held.__contains__, PAYLOADS):
            held[name] = self._clean(held[name], call, PLACES.get(name, name))
        for name in filter(held.__contains__, ("name", "not_replayable_why")):
            held[name] = self._redactor.text(held[name])
        for number, (_, payload) in enumerate(held.get("chunks", ())):
            held["chunks"][number][1] = self._clean(payload, call, f"chunk {number}")
        if "chunks" in held and has_tag(held.get("output_tagged"), *MASKED):  # each tells nothing, and all of them do
            held["chunks"] = [[at_ns, CHUNK_OF_SECRET] for at_ns, _ in held["chunks"]]
        if held.get("attributes"):
            held["attributes"] = {k: v for k, v in held["attributes"].items() if k.startswith(OWN_ATTRIBUTES)}
        function = held.get("function")
        if function and not _is_inside(function["file"], self._project):
            held["function"] = {**function, "file": None}
        self._check(call, held, is_root=call is root)
        return held

    def _check(self, call: RecordedCall, held: dict[str, Any], *, is_root: bool) -> None:
        """See whether a call can be made, or answered, with what is left of it."""
        if is_root:
            if has_tag(held["input_tagged"], *LOST):
                raise NotReplayableError(
                    f"{call.name} was given a secret or a pickle, which no fixture may hold: export a step below it, "
                    "or have it read from the environment"
                )
        elif call.kind in EFFECT_KINDS:
            answers = [held.get("output_tagged"), *(payload for _, payload in held.get("chunks", ()))]
            if has_tag(answers, *LOST):
                self.unanswerable.append(call.name)

    def _clean(self, tree: Any, call: RecordedCall, place: str) -> Any:
        cleaned = self._censor.tree(tree)
        self.secrets += (
            Secret(call.name, place, found.path, found.shown, found.is_new) for found in self._censor.take_found()
        )
        return cleaned

    def _program(self) -> dict[str, Any]:
        """Return how the program is started, of files of the project only."""
        process = self._process
        cwd = process.cwd if _is_inside(process.cwd, self._project) else str(self._project)
        argv = self._redactor.arguments(process.argv)
        self.secrets += (
            Secret("the program", "arguments", f"[{number}]", now, is_new=True)
            for number, (was, now) in enumerate(zip(process.argv, argv, strict=True))
            if was != now
        )
        main_file = process.main_file if _is_inside(process.main_file, self._project) else None
        folders = [entry for entry in process.path if _is_inside(entry, self._project) and is_project_file(entry)]
        program = {"argv": argv, "cwd": cwd, "path": folders, "main_module": process.main_module}
        return program | {"main_file": main_file and str(Path(cwd, main_file))}

    def _environment(self, calls: tuple[RecordedCall, ...]) -> dict[str, str]:
        names = set(self._censor.variables)
        if any(call.function is not None and call.function.module.startswith("openai.") for call in calls):
            names.add(OPENAI_KEY)
        return {name: mask(os.environ.get(name, "")) for name in sorted(names)}


PLACES = {"input_tagged": "input", "output_tagged": "answer", "cells": "variables around it"}


def _homes() -> Iterator[Path]:
    with contextlib.suppress(RuntimeError):  # a user without one
        yield Path.home()


def _is_inside(file: str | None, project: Path) -> bool:
    return file is not None and Path(project, file).resolve().is_relative_to(project)


def _unused_marks(told: bytes, blobs: Iterable[bytes]) -> dict[str, str]:
    """Return marks that nothing in the recording holds."""
    texts = [told, *blobs]
    return {
        name: next(mark for mark in _candidates(form) if not any(mark.encode() in text for text in texts))
        for name, form in MARKS.items()
    }


def _candidates(form: str) -> Iterator[str]:
    yield form.format("")
    number = 2
    while True:
        yield form.format(f"-{number}")
        number += 1
