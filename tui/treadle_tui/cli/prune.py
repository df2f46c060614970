"""`treadle prune`: old traces out of the store for good."""

import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from treadle.errors import UsageError
from treadle_storage.durations import bytes_in, seconds_in
from treadle_tui import figures
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings

Number = TypeVar("Number", int, float)


def _read_by(read: Callable[[str], Number]) -> Callable[[click.Context, click.Parameter, str | None], Number | None]:
    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> Number | None:
        try:
            return None if value is None else read(value)
        except UsageError as error:
            raise click.BadParameter(str(error), context, parameter) from error

    return callback


@click.command(
    epilog=examples(
        "treadle prune --older-than 30d --dry-run",
        "treadle prune --older-than 30d --keep \"status = 'error'\" --yes",
        "treadle prune --max-size 5GB",
    )
)
@click.option("--older-than", metavar="AGE", callback=_read_by(seconds_in), help="Traces that began before: 12h, 30d.")
@click.option(
    "--max-size", metavar="SIZE", callback=_read_by(bytes_in), help="The oldest, until it takes no more: 5GB."
)
@click.option("--keep", metavar="X", help="Traces that stay in any case: a glob on the name, or SQL.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common_options
@pass_settings
def command(settings: Settings, /, **asked: Any) -> int:
    """Remove old traces, and give their space back.

    Traces that run, or that have a bookmark, stay. With a trace go its payloads, and the journals of the programs that
    it came from once they have ended; what else these recorded stays in the index. Scores that people gave stay.
    """
    from treadle_storage.retention import Rule, choose, prune

    rule = Rule(older_than_s=asked["older_than"], max_bytes=asked["max_size"], keep=asked["keep"])
    if rule.older_than_s is None and rule.max_bytes is None:
        raise UsageError("say what goes: --older-than 30d, --max-size 5GB, or both")
    with settings.open_store() as store:
        path, choice = store.path, choose(store, rule)
    if choice.kept:
        stay = "stays" if choice.kept == 1 else "stay"
        click.echo(f"{_traces(choice.kept)} {stay}: running, bookmarked, or kept by --keep", err=True)
    if not choice.traces:
        click.echo("nothing to remove", err=True)
        return Ending.DONE
    age = figures.ago(time.time_ns() - (choice.newest_ns or 0))
    told = f"{_traces(len(choice.traces))} with {figures.count(choice.spans)} steps, the newest {age} old"
    click.echo(f"{told}: about {figures.size(choice.about_bytes)}", err=True)
    if asked["dry_run"]:
        return Ending.DONE
    if not asked["yes"] and not _may_go():
        return Ending.UNUSABLE
    pruned = prune(path, choice.traces)
    gone = f"{_traces(pruned.traces)}, {pruned.journals} journal files and {pruned.blobs} large values removed"
    now = f"{figures.size(pruned.after_bytes)} now"
    if pruned.after_bytes < pruned.before_bytes:
        click.echo(f"{gone}: {figures.size(pruned.before_bytes)} before, {now}")
    else:
        click.echo(f"{gone}: {now}, and an index made anew takes a few MB at least")
    return Ending.DONE


def _may_go() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("they cannot be brought back (add --yes to remove them, or --dry-run to only look)")
    is_allowed = click.confirm("remove them for good?", default=False, err=True)
    if not is_allowed:
        click.echo("nothing was removed", err=True)
    return is_allowed


def _traces(count: int) -> str:
    return "1 trace" if count == 1 else f"{figures.count(count)} traces"
