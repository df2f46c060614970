"""Screens that can replay: ask where it would be real, run it in a thread, show the verdict, open the new trace."""

from collections.abc import Callable
from functools import partial

from treadle.errors import TreadleError
from treadle.model import Step
from treadle_debugger.replaying import Result
from treadle_tui.messages import OpenTrace
from treadle_tui.replays import makes_real_call, run_replay
from treadle_tui.screens.confirm import ConfirmScreen
from treadle_tui.screens.line_screen import LineScreen
from treadle_tui.screens.verdict import Answer, VerdictScreen, stray_names, trouble_blocks, verdict_blocks


class ReplayingScreen(LineScreen):
    """A full screen that can replay what it shows."""

    def replay_chain(self, trace_id: str) -> None:
        """Replay a whole trace: effects served, glue run."""
        self._replay(trace_id, None, None)

    def replay_step(self, step: Step, *, edited: bytes | None = None) -> None:
        """Replay one step, after asking where that is a real call."""
        if not makes_real_call(step):
            self._replay(step.trace_id, step, edited)
            return
        where = " ".join(part for part in (step.provider, step.model) if part)
        question = f"Replaying {step.name} alone calls {where or 'the real ' + step.kind} for real. Do it?"

        def answered(answer: bool | None) -> None:
            if answer:
                self._replay(step.trace_id, step, edited)

        self.app.push_screen(ConfirmScreen("A real call", question), answered)

    def _replay(self, trace_id: str, step: Step | None, edited: bytes | None, live: tuple[str, ...] = ()) -> None:
        self.say(f"replaying {'the chain' if step is None else step.name} …")
        replay = partial(run_replay, self.store, trace_id, step=step, edited=edited, live=live)
        again = partial(self._replay, trace_id, step, edited)
        self.run_job(partial(_result_or_trouble, replay), partial(self._replayed, again), group="replay")

    def _replayed(self, again: Callable[[tuple[str, ...]], None], result: Result | TreadleError) -> None:
        self.command_line.quiet()

        def answered(answer: Answer | None) -> None:
            if answer is not None and answer.live:
                again(answer.live)
            elif answer is not None and answer.open_trace is not None:
                self.post_message(OpenTrace(answer.open_trace))

        if isinstance(result, TreadleError):
            self.app.push_screen(VerdictScreen(trouble_blocks(result)))
            return
        sheet = VerdictScreen(verdict_blocks(result), new_trace=result.trace_id, strays=stray_names(result))
        self.app.push_screen(sheet, answered)


def _result_or_trouble(job: Callable[[], Result]) -> Result | TreadleError:
    """Run a replay; one that could not run has its own sheet, for its reason may be long."""
    try:
        return job()
    except TreadleError as error:
        return error
