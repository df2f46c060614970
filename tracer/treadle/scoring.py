"""`treadle.score`: a named value for what just happened, from inside the program."""

import re
from typing import Any

from treadle import guard
from treadle.config import is_disabled
from treadle.errors import UsageError
from treadle.lanes import CURRENT
from treadle.numbers_and_texts import number
from treadle.recorder import recorder
from treadle.recording import Recorder

_TRACE_ID = re.compile("[0-9a-f]{32}")


def score(
    name: str,
    value: float | bool | None = None,
    *,
    label: str | None = None,
    comment: str | None = None,
    trace: str | None = None,
    span: str | None = None,
    source: str = "code",
) -> None:
    """Give the current trace a score, or the step `span` of the trace `trace`.

    `value` is a number or a boolean; a score without one needs a `label`. Inside a traced call the whole trace is
    meant unless `span` says which step; ids are lower-case hex.

    Raises:
        UsageError: there is neither a value nor a label, or no trace to score.

    """
    if is_disabled():
        return
    if value is None and label is None:
        raise UsageError(f"the score {name!r} has neither a value nor a label")
    lane = CURRENT.get()
    trace_id = trace or (lane.call.trace_id if lane is not None else None)
    if trace_id is None:
        raise UsageError(f"the score {name!r} has no trace: call it inside a traced call, or give trace=")
    if _TRACE_ID.fullmatch(str(trace_id)) is None:
        raise UsageError(f"the score {name!r} has no trace: {trace_id!r} is no id; give 32 lower-case hex digits")
    writer = recorder()
    if writer is not None and writer.takes(trace_id):
        said = {"label": label, "comment": comment}
        guard.attempt(lambda: _write(writer, name, value, said, trace=trace_id, span=span, source=source))


def _write(writer: Recorder, name: str, value: Any, said: dict[str, str | None], **fields: str | None) -> None:
    redactor = writer.redactor.of_call()
    texts = {key: text if text is None else redactor.text(text) for key, text in said.items()}
    plain = number(value)
    if plain is None and value is not None:
        plain = float(value)
    writer.journal.record("score", name=name, value=plain, **texts, **fields)
