"""`treadle.score`: a named value for what just happened, from inside the program."""

from treadle import guard
from treadle.config import is_disabled
from treadle.errors import UsageError
from treadle.lanes import CURRENT
from treadle.recorder import recorder


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
    writer = recorder()
    if writer is None or not writer.takes(trace_id):
        return
    try:
        redactor = writer.redactor.of_call()
        said = {"label": label, "comment": comment}
        said = {key: text if text is None else redactor.text(text) for key, text in said.items()}
        fields = {"name": name, "value": value, **said, "source": source}
        writer.journal.record("score", trace=trace_id, span=span, **fields)
    except (OSError, TypeError) as error:
        guard.report(error)
