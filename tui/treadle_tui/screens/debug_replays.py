"""Replays from the Debug screen: the step, the chain from here, with another input, with another answer."""

from collections.abc import Callable
from functools import partial

from treadle.errors import NotReplayableError, UsageError
from treadle.model import Step
from treadle.replay.model_spans.reading import is_model_span
from treadle_tui.replay_words import understand_replay
from treadle_tui.replays import (
    Wanted,
    chain_from,
    chain_with_answer,
    chain_with_argument,
    chain_with_input,
    step_alone,
    what_is_given,
)
from treadle_tui.screens.debug_actions import DebugActions
from treadle_tui.screens.edit import Edited, EditScreen, Scope
from treadle_tui.step_pages import indented_json, output_json


class DebugReplays(DebugActions):
    """Replays of what is at the position."""

    trace_id: str

    def action_replay(self, scope: str) -> None:
        """Replay this step alone, or the chain from here."""
        self._with_step(lambda step: self.replay(step_alone(step) if scope == "step" else chain_from(step)))

    def action_replay_served(self) -> None:
        """Replay the whole chain, served."""
        self.replay_with("")

    def action_edit(self) -> None:
        """Edit this step's input, then replay it alone or in its chain."""
        self._with_step(self._edit)

    def action_edit_answer(self) -> None:
        """Edit this step's answer, then replay the chain with it."""
        self._with_step(self._edit_answer)

    def replay_with(self, options: str) -> None:
        """Replay as the command line would, with its options."""
        self._with_step(lambda step: self._try(lambda: understand_replay(options, self.trace_id, step)))

    def set_argument(self, words: str) -> None:
        """Replay the chain with one argument of this step replaced: `PATH VALUE`."""
        path, _, value = words.partition(" ")
        if not value.strip():
            self.say("set needs a place and a value: set $.text 'another'", alarm=True)
            return
        self._with_step(lambda step: self.replay(chain_with_argument(step, path, _unquoted(value.strip()))))

    def set_answer(self, value: str) -> None:
        """Replay the chain with this step's answer replaced."""
        self._with_step(lambda step: self._try(lambda: chain_with_answer(step, _unquoted(value))))

    def _with_step(self, do: Callable[[Step], None]) -> None:
        """Do something with the step at the position: what is shown may still be the one before."""
        if self.session is not None:
            step = partial(self.store.step, self.session.trace_id, self.session.span_id)
            self.run_job(step, do, group="step")

    def _try(self, make: Callable[[], Wanted]) -> None:
        """Replay what was asked for, or say why it cannot be asked for."""
        try:
            wanted = make()
        except UsageError as error:
            self.say(str(error), alarm=True)
        else:
            self.replay(wanted)

    def _edit(self, step: Step) -> None:
        try:
            given = what_is_given(step)
        except NotReplayableError as error:
            self.say(str(error), alarm=True)
            return
        if given is None:
            self.say("this step has no recorded input to edit", alarm=True)
            return
        scopes: list[tuple[Scope, str]] = [("step", "this step alone"), ("chain", "the chain with it")]
        if is_model_span(step):
            scopes = scopes[:1]
        elif step.parent_span_id is None:
            scopes = [("step", "the chain, served"), ("chain", "real where it changes")]

        def edited(answer: Edited | None) -> None:
            if answer is not None and answer.scope == "step":
                self.replay(step_alone(step, answer.text))
            elif answer is not None:
                self._try(partial(chain_with_input, step, answer.text))

        self.app.push_screen(EditScreen(f"Input of {step.name}", indented_json(given), scopes), edited)

    def _edit_answer(self, step: Step) -> None:
        if step.parent_span_id is None:
            self._try(partial(chain_with_answer, step, ""))
            return
        has_answer = step.status == "ok"

        def edited(answer: Edited | None) -> None:
            if answer is not None:
                self._try(partial(chain_with_answer, step, answer.text))

        scopes: list[tuple[Scope, str]] = [("chain", "the chain with it")]
        text = output_json(step) if has_answer else "null"
        self.app.push_screen(EditScreen(f"Answer of {step.name}", text, scopes, is_new=not has_answer), edited)


def _unquoted(text: str) -> str:
    """Return a value without the single quotes that a shell would have taken."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
