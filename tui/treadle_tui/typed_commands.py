"""Typed commands, with gdb's and rr's words: each is an action of the Debug screen, some with an argument."""

from dataclasses import dataclass
from typing import Final

_WORDS: Final = {
    "move('next')": "n next", "move('step')": "s step si stepi", "move('finish')": "r fin finish",
    "move('continue_')": "c cont continue", "move('reverse_next')": "rn reverse-next",
    "move('reverse_step')": "rs reverse-step", "move('reverse_finish')": "rfin reverse-finish",
    "move('reverse_continue')": "rc reverse-continue", "move('up')": "up", "move('down')": "down",
    "move('back')": "back", "move('forward')": "forward", "move('next_error')": "e error",
    "move('previous_error')": "E", "fold": "fold", "fold_all": "fold-all", "unfold_all": "unfold unfold-all",
    "order": "clock order", "raw": "raw", "copy": "copy y", "zoom": "zoom",
    "replay('step')": "replay-step", "replay('from')": "replay-from", "edit": "edit i",
    "edit_answer": "edit-answer I", "help": "help h", "leave": "traces", "app.leave": "q quit exit",
}  # fmt: skip
_WITH_ARGUMENT: Final = {
    "add_breakpoint": "b break when br", "add_watch": "w watch display", "goto": "goto g", "search": "find search",
    "delete": "delete del", "enable": "enable", "disable": "disable", "unwatch": "unwatch undisplay",
    "theme": "theme", "open_tab": "tab", "diff_with": "diff",
    "replay_with": "replay", "set_argument": "set", "set_answer": "result",
}  # fmt: skip
_ALONE: Final = {
    "b": "break_here", "break": "break_here", "diff": "diff", "replay": "replay_served", "result": "edit_answer",
    "set": "edit",
}  # fmt: skip
"""What words that take an argument mean without one."""
_ACTIONS: Final = {word: action for action, words in _WORDS.items() for word in words.split()}
_TAKING: Final = {word: action for action, words in _WITH_ARGUMENT.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a typed command means."""

    action: str
    argument: str | None = None
    count: int = 1


def understand(text: str) -> Typed | None:
    """Return what was meant, or None where it is no command."""
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if word.isdigit() and not rest:
        return Typed("goto", word)
    if word in _ALONE and not rest:
        return Typed(_ALONE[word])
    if word in _TAKING:
        return Typed(_TAKING[word], rest)
    if word in _ACTIONS and (not rest or rest.isdigit()):
        return Typed(_ACTIONS[word], count=int(rest) if rest else 1)
    return None
