"""Screens that can replay: ask where it would be real, follow it while it runs, show the verdict, go on from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Final, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from treadle.errors import ReplayStoppedError, TreadleError
from treadle_debugger.forecast import Forecast, forecast
from treadle_debugger.progress import Progress
from treadle_debugger.replaying import Control
from treadle_tui import figures
from treadle_tui.messages import OpenTrace
from treadle_tui.replays import Ran, Wanted, allowing, allowing_all, run, with_real_root
from treadle_tui.screens.diff import DiffScreen
from treadle_tui.screens.forecast import ForecastScreen
from treadle_tui.screens.line_screen import LineScreen
from treadle_tui.screens.verdict import Next, VerdictScreen
from treadle_tui.verdict_page import trouble_blocks, verdict_blocks
from treadle_tui.widgets.replay_bar import ReplayBar

_TICK_S: Final = 0.1
_Made = TypeVar("_Made")


@dataclass
class _Running:
    """A replay that runs, or that has ended and is not shown yet."""

    wanted: Wanted
    progress: Progress = field(default_factory=Progress)
    control: Control = field(default_factory=Control)
    ended: Ran | TreadleError | None = None


class ReplayingScreen(LineScreen):
    """A full screen that can replay what it shows; one replay at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "stop_replay", "Stop the replay", show=False),
        Binding("ctrl+c", "copy_text", "Copy the selection", show=False),
    ]

    _replaying: _Running | None = None
    _ticks: Timer | None = None

    def compose_overlays(self) -> ComposeResult:
        """Hold the bar of a replay that runs."""
        yield ReplayBar()

    def replay(self, wanted: Wanted) -> None:
        """Replay, after asking where that makes real calls."""
        if self.is_replaying:
            self.say("a replay is running: esc stops it", alarm=True)
            return
        ready = partial(_ready, self, wanted)
        self.run_job(partial(_or_trouble, ready), self._forecast_known, group="forecast")

    @property
    def is_replaying(self) -> bool:
        """Whether a replay runs, or its verdict is still to be shown."""
        return self._replaying is not None

    def _forecast_known(self, known: "tuple[Wanted, Forecast] | TreadleError") -> None:
        if self.is_replaying:
            return
        if isinstance(known, TreadleError):
            self.app.push_screen(VerdictScreen("Replay", trouble_blocks(known), can=()))
            return
        wanted, ahead = known
        if ahead.is_empty:
            self._start(wanted, ahead)
            return

        def answered(answer: bool | None) -> None:
            if answer and not self.is_replaying:
                self._start(wanted, ahead)

        self.app.push_screen(ForecastScreen(wanted.what, ahead), answered)

    # While it runs

    def _start(self, wanted: Wanted, ahead: Forecast) -> None:
        running = self._replaying = _Running(wanted)
        self.query_one(ReplayBar).begin(wanted.what, expected=ahead.calls)
        self._ticks = self.set_interval(_TICK_S, self._tick)
        job = partial(run, self.store, wanted, running.progress, running.control)
        self.run_job(partial(_or_trouble, job), partial(self._ended, running), group="replay")

    def _ended(self, running: _Running, ended: Ran | TreadleError) -> None:
        running.ended = ended
        if running is self._replaying:
            self._tick()

    def _tick(self) -> None:
        """Show how far it is; once it has ended its verdict, but never under the user's fingers."""
        running = self._replaying
        if running is None:
            return
        replay_bar = self.query_one(ReplayBar)
        if running.ended is None:
            replay_bar.advance(running.progress.stand(), running.progress.elapsed_s)
        elif self.is_current and not self.command_line.typing:
            self._finish(running, running.ended)
        else:
            verdict = running.ended.result.verdict if isinstance(running.ended, Ran) else "over"
            replay_bar.advance(running.progress.stand(), replay_bar.elapsed_s)
            replay_bar.end(verdict)

    def _finish(self, running: _Running, ended: Ran | TreadleError) -> None:
        self._replaying = None
        self.query_one(ReplayBar).display = False
        self.command_line.quiet()
        if self._ticks is not None:
            self._ticks.stop()
        if isinstance(ended, ReplayStoppedError):
            self.say(_stopped(running))
        elif isinstance(ended, TreadleError):
            self.app.push_screen(VerdictScreen("Replay", trouble_blocks(ended), can=()))
        else:
            self._show_verdict(running.wanted, ended)

    def action_stop_replay(self) -> None:
        """End the replay that runs: its process is gone when the app says so."""
        if self._replaying is not None and self._replaying.ended is None:
            self._replaying.control.stop.set()
            self.query_one(ReplayBar).end("stopping …")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the key that stops a replay only while one runs."""
        if action == "stop_replay" and not self.is_replaying:
            return False
        return super().check_action(action, parameters)

    def on_unmount(self) -> None:
        """Take the replay's process along."""
        if self._replaying is not None:
            self._replaying.control.stop.set()

    # After it

    def _show_verdict(self, wanted: Wanted, ran: Ran) -> None:
        result = ran.result
        allowed = allowing(wanted, result)
        can: list[Next] = ["open", "diff"] if result.trace_id is not None else []
        if allowed is not None:
            can += ["allow", "allow all"]
        sheet = VerdictScreen(
            f"Replay · {wanted.what}", verdict_blocks(result, printed=ran.printed), can=[*can, "again"]
        )

        def answered(answer: Next | None) -> None:
            if answer == "open" and result.trace_id is not None:
                self.post_message(OpenTrace(result.trace_id))
            elif answer == "diff" and result.trace_id is not None:
                request = wanted.request
                differing = DiffScreen(self.store, request.trace_id, result.trace_id, step_id=request.step_id)
                self.app.push_screen(differing, lambda _: self._show_verdict(wanted, ran))
            elif answer == "allow" and allowed is not None:
                self.replay(allowed)
            elif answer == "allow all":
                self.replay(allowing_all(wanted))
            elif answer == "again":
                self.replay(wanted)

        self.app.push_screen(sheet, answered)


def _ready(screen: ReplayingScreen, wanted: Wanted) -> tuple[Wanted, Forecast]:
    wanted = with_real_root(screen.store, wanted)
    return wanted, forecast(screen.store, wanted.request)


def _or_trouble(job: Callable[[], _Made]) -> _Made | TreadleError:
    """Do what has to do with a replay; what goes wrong has its own sheet, for its reason may be long."""
    try:
        return job()
    except TreadleError as error:
        return error


def _stopped(running: _Running) -> str:
    stand = running.progress.stand()
    counts = ", ".join(f"{figures.count(count)} {word}" for word, count in stand.counts.items())
    took = figures.duration_text(int(running.progress.elapsed_s * 1e9))
    return f"the replay of {running.wanted.what} was stopped after {took}: {counts or 'no call yet'}"
