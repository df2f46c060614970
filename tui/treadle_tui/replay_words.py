"""`:replay` with options, as the command line has them."""

import shlex
from typing import Any, Final

import click

from treadle.errors import UsageError
from treadle.model import Step
from treadle_debugger.replaying import TIMEOUT_S, Request
from treadle_debugger.request import Instead
from treadle_tui.replays import Wanted

SCOPES: Final = ("chain", "step", "from")
_OPTIONS: Final = click.Command(
    "replay",
    add_help_option=False,
    params=[
        click.Argument(["scope"], required=False, default="chain", type=click.Choice(SCOPES)),
        click.Option(["--live"], multiple=True),
        click.Option(["--all-live"], is_flag=True),
        click.Option(["--live-changed"], is_flag=True),
        click.Option(["--set", "arguments"], nargs=3, multiple=True),
        click.Option(["--result", "answers"], nargs=2, multiple=True),
        click.Option(["--model"]),
        click.Option(["--strict"], is_flag=True),
        click.Option(["--pace", "paced"], is_flag=True),
        click.Option(["--allow-effects", "with_effects"], is_flag=True),
        click.Option(["--no-network", "without_network"], is_flag=True),
        click.Option(["--trust"], is_flag=True),
        click.Option(["--timeout", "timeout_s"], type=float, default=TIMEOUT_S),
    ],
)


def understand_replay(text: str, trace_id: str, step: Step | None) -> Wanted:
    """Return what `replay TEXT` asks for, typed on a trace, or on a step of it.

    Raises:
        UsageError: an option is unknown or misses something, or it speaks of a step where there is none.

    """
    try:
        given = _OPTIONS.make_context("replay", shlex.split(text)).params
    except (click.UsageError, ValueError) as error:
        said = error.format_message() if isinstance(error, click.UsageError) else str(error)
        raise UsageError(f"replay: {said}") from error
    scope = given.pop("scope")
    if scope != "chain" and step is None:
        raise UsageError(f"replay {scope} is typed on a step: open the trace first")
    step_id = step.span_id if step is not None and step.parent_span_id is not None else None
    request = Request(
        trace_id,
        step_id=step_id if scope == "step" else None,
        from_id=step_id if scope == "from" else None,
        instead=_instead(given),
        with_network=not given.pop("without_network"),
        **given,
    )
    name = step.name if step is not None and step_id is not None else ""
    what = {"step": f"{name} alone", "from": f"the chain from {name}"}.get(scope) if name else None
    return Wanted(request, what or "the chain")


def _instead(given: dict[str, Any]) -> tuple[Instead, ...]:
    arguments = [Instead(step, path, value) for step, path, value in given.pop("arguments")]
    answers = [Instead(step, None, value) for step, value in given.pop("answers")]
    return (*arguments, *answers)
