"""The options of `treadle replay`, and the request that they make for a trace."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from treadle.errors import UsageError
from treadle_debugger.request import TIMEOUT_S, Instead, Request
from treadle_tui.cli.finding import find_step
from treadle_tui.cli.options import timeout_option
from treadle_tui.cli.replay_export import export_option

if TYPE_CHECKING:
    from treadle_storage import Store

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed after `treadle replay`."""

    trace: str | None
    step: str | None
    from_step: str | None
    live: tuple[str, ...]
    all_live: bool
    live_changed: bool
    arguments: tuple[tuple[str, str, str], ...]
    """Step, path and value of each `--set`."""
    answers: tuple[tuple[str, str], ...]
    """Step and value of each `--result`."""
    model: str | None
    times: int | None
    strict: bool
    pace: bool
    pdb: str | None
    no_network: bool
    allow_effects: bool
    trust: bool
    yes: bool
    where: str | None
    jobs: int | None
    resume: bool
    export_to: Path | None
    timeout_s: float | None
    output_format: str

    def request(self, store: "Store", trace_id: str, *, step_id: str | None = None) -> Request:
        """Return what is asked of one trace; `step_id` is the step that the trace was named by.

        Raises:
            NotFoundError: the trace has no such step.
            AmbiguousError: a name fits several of its steps.

        """

        def step(name: str | None) -> str | None:
            return None if name is None else find_step(store, trace_id, name)

        return Request(
            trace_id,
            step_id=step(self.step) or step_id,
            live=self.live,
            all_live=self.all_live,
            live_changed=self.live_changed,
            from_id=step(self.from_step),
            instead=(*(Instead(*one) for one in self.arguments), *(Instead(s, None, v) for s, v in self.answers)),
            model=self.model,
            strict=self.strict,
            paced=self.pace,
            with_effects=self.allow_effects,
            with_network=not self.no_network,
            debugged=step(self.pdb),
            trust=self.trust,
            timeout_s=self.timeout_s or (inf if self.pdb else TIMEOUT_S),
        )

    @property
    def lets_go_live(self) -> bool:
        """Whether anything may run for real."""
        return bool(
            self.live
            or self.all_live
            or self.live_changed
            or self.from_step
            or self.arguments
            or self.answers
            or self.model
        )

    @property
    def conditions(self) -> dict[str, Any]:
        """All that a batch's verdicts depend on, so that another batch is told from it."""
        names = (
            "where", "step", "from_step", "live", "all_live", "live_changed", "arguments", "answers", "model",
            "strict", "pace", "no_network", "allow_effects", "trust", "timeout_s",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            UsageError: says which options.

        """
        if self.trace is None and self.where is None:
            raise UsageError("name a trace, or choose several with --where (see treadle replay --help)")
        if self.trace is not None and self.where is not None:
            raise UsageError("a trace or --where, not both: --where chooses among all of them")
        if self.where is None and (self.jobs is not None or self.resume):
            raise UsageError(
                f"{'--resume' if self.resume else '--jobs'} is for several traces: choose them with --where"
            )
        of_one = {"--times": self.times, "--pdb": self.pdb, "--export": self.export_to}
        for option, is_given in ((option, value is not None) for option, value in of_one.items()):
            if self.where is not None and is_given:
                raise UsageError(f"{option} is of one trace, and --where chooses several")
        if self.times is not None and self.export_to is not None:
            raise UsageError("--times replays, and --export writes a test instead: use one of them")
        if self.times is not None and self.pdb is not None:
            raise UsageError("--pdb stops in one replay, and --times makes several")


def replay_options(function: Decorated) -> Decorated:
    """Add the options of a replay, in the order of the help."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option("--step", metavar="SPAN", help="Replay this one call, alone, with its recorded arguments."),
    click.option(
        "--from", "from_step", metavar="SPAN", help="Serve what began before this step, run it and the rest for real."
    ),
    click.option(
        "--live", metavar="X", multiple=True, help="Run these for real: a glob on the name, or SQL. May be repeated."
    ),
    click.option("--all-live", is_flag=True, help="Run every call for real."),
    click.option("--live-changed", is_flag=True, help="Run changed and new calls for real."),
    click.option(
        "--set", "arguments", metavar="STEP PATH VALUE", nargs=3, multiple=True,
        help="Give a step another argument, at a path such as $.messages[0].content. May be repeated.",
    ),
    click.option(
        "--result", "answers", metavar="STEP VALUE", nargs=2, multiple=True,
        help="Let a step answer this, as JSON or as a text. May be repeated.",
    ),
    click.option("--model", metavar="NAME", help="Give every model call this model; they run for real."),
    click.option("--times", type=click.IntRange(min=1), metavar="N", help="Replay it so often, and count failures."),
    click.option("--strict", is_flag=True, help="Take a changed, new or missing call for an error."),
    click.option("--pace", is_flag=True, help="Serve answers in their recorded time."),
    click.option("--pdb", metavar="SPAN", help="Stop inside this function, in Python's debugger."),
    click.option("--no-network", is_flag=True, help="Refuse every connection to the internet."),
    click.option("--allow-effects", is_flag=True, help="Let what is marked idempotent=False run for real."),
    click.option("--trust", is_flag=True, help="Replay what carries no valid signature of yours."),
    click.option("--yes", is_flag=True, help="Do not ask before anything runs for real."),
    click.option("--where", metavar="X", help="Replay all traces that fit: a glob on the name, or SQL."),
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="With --where: so many at a time."),
    click.option("--resume", is_flag=True, help="With --where: go on where the same command was stopped."),
    export_option,
    timeout_option(None, f"Seconds until the replayed program is ended.  [default: {TIMEOUT_S:g}; none with --pdb]"),
)  # fmt: skip
