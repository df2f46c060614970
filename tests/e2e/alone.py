"""Calls of a recording, each replayed alone."""

from typing import Any

from e2e.conftest import Project
from treadle.errors import TreadleError
from treadle.model import RecordedCall


def all_calls(project: Project) -> list[RecordedCall]:
    """Return every call of every trace that is no replay, in the order of starting."""
    traces = [trace for trace in project.store.traces() if trace.replay_of is None]
    return [call for trace in reversed(traces) for call in project.store.recording(trace.trace_id).calls]


def said(project: Project, call: RecordedCall, **options: Any) -> str:
    """Replay a call alone; return its verdict, or what was said instead."""
    options.setdefault("live", (call.name,) if call.kind != "chain" else ())
    try:
        result = project.replay(call.trace_id, step_id=call.span_id, **options)
    except TreadleError as error:
        return f"{type(error).__name__}: {error}"
    return result.verdict if result.verdict == "same" else f"{result.verdict}: {result.sentence}"


def said_of_each(project: Project) -> dict[str, str]:
    """Replay each call alone; return what was said, by the name of its step."""
    return {call.name: said(project, call) for call in all_calls(project)}
