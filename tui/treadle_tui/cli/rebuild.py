"""`treadle rebuild`: the index made anew from the journals."""

import sys

import click

from treadle_tui import figures
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings
from treadle_tui.cli.output import write_json


@click.command(epilog=examples("treadle rebuild", "treadle rebuild --format json"))
@click.option("--format", "output_format", type=click.Choice(("table", "json")), default="table", show_default=True)
@common_options
@pass_settings
def command(settings: Settings, output_format: str) -> int:
    """Make the index anew from the journals.

    What the journals no longer hold is taken over from the index that is there, which stays until the new one is whole.
    Meanwhile nobody else can open the store; programs go on recording.

    Exits with 1 where the new index holds less than the old one.
    """
    from treadle_storage.rebuilding import rebuild

    with settings.open_store() as store:
        path = store.path
    rebuilt = rebuild(path, on_progress=_Progress() if sys.stderr.isatty() else None)
    lost = [what for what, count in rebuilt.before.items() if rebuilt.after[what] < count]
    if output_format == "json":
        write_json(
            {
                "read_again": rebuilt.read_again, "taken_over": rebuilt.taken_over, "rejected": rebuilt.rejected,
                "before": rebuilt.before, "after": rebuilt.after,
            }
        )  # fmt: skip
    else:
        click.echo(f"programs read again from their journals: {rebuilt.read_again}")
        click.echo(f"programs taken over from the old index:  {rebuilt.taken_over}")
        for what, count in rebuilt.after.items():
            was = "" if rebuilt.before[what] == count else f"  (before: {figures.count(rebuilt.before[what])})"
            click.echo(f"  {what:<7} {figures.count(count):>12}{was}")
        if rebuilt.rejected:
            click.echo(f"{figures.count(rebuilt.rejected)} records could not be read: treadle doctor lists them")
    return Ending.CHECK_FAILED if lost else Ending.DONE


class _Progress:
    """A line that is written over."""

    def __call__(self, read_bytes: int, whole_bytes: int) -> None:
        is_over = read_bytes >= whole_bytes
        share = f"{read_bytes / whole_bytes:4.0%} of {figures.size(whole_bytes)}" if whole_bytes else ""
        sys.stderr.write("\r\x1b[K" if is_over else f"\r\x1b[K{share}")
        sys.stderr.flush()
