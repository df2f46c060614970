"""`treadle replay`: a recorded chain again, its effects answered from the recording, and a verdict."""

import sys
from typing import TYPE_CHECKING, Any

import click

from treadle.errors import UsageError
from treadle_debugger.forecast import forecast, together
from treadle_debugger.model_spans import naming_itself
from treadle_debugger.replaying import replay
from treadle_debugger.request import Request
from treadle_debugger.spending import saved_usd, spent_usd
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.finding import find_trace
from treadle_tui.cli.leaving import leaving_in_order, left_to_the_child
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.replay_asking import may_go_live
from treadle_tui.cli.replay_batch import replay_batch
from treadle_tui.cli.replay_export import write_test
from treadle_tui.cli.replay_options import Asked, replay_options
from treadle_tui.cli.replay_result import Replayed, write_result
from treadle_tui.cli.replay_times import replay_times

if TYPE_CHECKING:
    from treadle_storage import Store


@click.command(
    epilog=examples(
        "treadle replay last-failed",
        "treadle replay 7f3a --step 91c2 --live generate",
        "treadle replay 7f3a --live \"kind='tool'\" --format json",
        "treadle replay 7f3a --set generate '$.messages[0].content' 'Be brief.'",
        "treadle replay 7f3a --model gpt-x --all-live --times 10",
        "treadle replay --where \"status = 'error'\" --jobs 4",
        "treadle replay last-failed --export tests/test_refund.py",
    )
)
@click.argument("trace", required=False)
@replay_options
@format_option
@common_options
@pass_settings
def command(settings: Settings, /, **typed: Any) -> int:
    """Run a recorded trace again, its effects answered from the recording.

    Model, tool and retriever calls are served as they were recorded; the code around them really runs, as it is today.
    Nothing runs for real unless an option says so, and then it is asked about once. What the program prints is shown as
    it prints; the verdict comes last. With --times or --where what the programs print is not shown.

    Exits with 0 where the result is the same or fixed, 1 where it still fails, changed or diverged, 2 where it could
    not be replayed. Where an option makes it another run, a changed result is what was asked for, and exits with 0.
    """
    asked = Asked(**typed)
    asked.check()
    with settings.open_store() as store:
        if asked.trace is None:
            return replay_batch(store, asked)
        found = find_trace(store, asked.trace)
        request = asked.request(store, found.trace_id, step_id=found.span_id)
        if asked.export_to is not None:
            return write_test(store, request, asked.export_to)
        _check_terminal(asked)
        request = naming_itself(store, request)
        lets_go_live = asked.lets_go_live or bool(request.live)
        expected = together([forecast(store, request)] if lets_go_live else [], times=asked.times or 1)
        if not may_go_live(expected, yes=asked.yes):
            return Ending.UNUSABLE
        if asked.times is not None:
            return replay_times(
                store, request, asked.times, asked.output_format, with_cost=expected.most_usd is not None
            )
        return _replay_once(store, request, asked.output_format)


def _replay_once(store: "Store", request: Request, output_format: str) -> int:
    sys.stdout.flush()
    with leaving_in_order() if request.debugged is None else left_to_the_child():
        result = replay(store, request, output=None if output_format == "table" else sys.stderr)
    saved = saved_usd(store, request.trace_id, result.calls)
    write_result(Replayed(request.trace_id, result, spent_usd(store, result.trace_id), saved), output_format)
    return result.exit_code


def _check_terminal(asked: Asked) -> None:
    out = sys.stdout if asked.output_format == "table" else sys.stderr
    if asked.pdb is not None and not (sys.stdin.isatty() and out.isatty()):
        raise UsageError("--pdb stops in a debugger that you type to, and this is no terminal")
