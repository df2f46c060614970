"""Model spans without a function: the request that one holds, from where it is asked again, how answers compare."""

import sys
from dataclasses import replace

import orjson

from treadle.model import Process, RecordedCall
from treadle.replay.model_spans.answers import said
from treadle.replay.model_spans.reading import ModelSpan, attributes_of, is_model_span, request_of
from treadle.values import plain
from treadle_debugger.admission import root_of
from treadle_debugger.edits import of_step
from treadle_debugger.request import Request, Source
from treadle_debugger.verdict import Judgement, Outcome

UNKNOWN_ANSWER = "it answered; what it had answered was not recorded, and so nothing is compared"


def asked_request(span: ModelSpan, request: Request) -> bytes | None:
    """Return what is sent for a model's span, as tagged JSON; None of what is called in another way.

    Raises:
        NotReplayableError: the span does not hold its request; the message says what is missing.

    """
    if not is_model_span(span):
        return None
    return request.root_input or request_of(span, model=request.model)


def naming_itself(store: Source, request: Request) -> Request:
    """Return the same request; where it names a step that is a model's span, with that allowed for real.

    There is no other way to replay it. Whoever asks for it is shown the forecast first.

    Raises:
        NotFoundError: the trace has no such step.

    """
    if request.step_id is None:
        return request
    root = root_of(store.recording(request.trace_id), request.step_id)
    return replace(request, live=(*request.live, of_step(root.span_id))) if is_model_span(root) else request


def without_program(process: Process) -> Process:
    """Return a process to ask from: of the recorded program nothing is needed, and so nothing is loaded or started.

    What a store says of it is not even checked.
    """
    return replace(
        process,
        argv=(),
        cwd="",
        executable=sys.executable,
        main_file=None,
        main_module=None,
        main_notebook=None,
        path=(),
    )


def outcomes_said(span: RecordedCall, before: Outcome, after: Outcome) -> tuple[Outcome, Outcome] | Judgement:
    """Return two outcomes of a span by what its model said; the verdict, where of the recorded one nobody can tell."""
    if before.status != "returned" or after.status != "returned":
        return before, after
    old, new = said(_plain(before), attributes_of(span)), said(_plain(after))
    if old is None:
        return Judgement("changed", UNKNOWN_ANSWER)
    return replace(before, output=orjson.dumps(old)), replace(after, output=orjson.dumps(new))


def _plain(outcome: Outcome) -> object:
    held: object = orjson.loads(plain(outcome.output or b"null"))
    return held
