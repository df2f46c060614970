"""Every action with its key, its name and its help, in one place: bindings, palette and help are made from it.

Each has an id, so that a keymap can give it another key (`App.set_keymap`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """One action."""

    id: str
    keys: str
    """As Textual names them, separated by commas."""
    action: str
    name: str
    """What the palette calls it."""
    group: str
    show: str = ""
    """How help prints the key, where its own name would not do."""

    @property
    def shown(self) -> str:
        """The key as a person reads it."""
        return self.show or self.keys.split(",")[0]

    @property
    def opens_line(self) -> bool:
        """Whether the user types after it: it acts before the next key is looked at, which belongs to the text."""
        return self.action == "command" or self.action.startswith("ask(")


def bindings(keys: Sequence[Key]) -> list[Binding]:
    """Return Textual's bindings for some keys."""
    return [
        Binding(key.keys, key.action, key.name, show=False, id=key.id, priority=key.opens_line)
        for key in keys
        if key.keys
    ]


EVERYWHERE: Final = (
    Key("app.command", "colon", "command", "Type a command", "Everywhere", ":"),
    Key("app.help", "question_mark,f1", "help", "Help for the pane in focus", "Everywhere", "?"),
    Key("app.palette", "ctrl+p", "app.command_palette", "Every action, by name", "Everywhere", "Ctrl+P"),
    Key("app.theme", "", "app.toggle_theme", "Change between dark and light", "Everywhere"),
    Key("app.quit", "q,ctrl+q", "app.leave", "Quit", "Everywhere", "q"),
)

TRACES: Final = (
    Key("traces.open", "enter,l,right", "open", "Open the trace", "Traces", "Enter"),
    Key("traces.down", "j,down", "line(1)", "Down", "Traces", "j ↓"),
    Key("traces.up", "k,up", "line(-1)", "Up", "Traces", "k ↑"),
    Key("traces.page_down", "pagedown,ctrl+d", "page(1)", "A page down", "Traces", "PgDn"),
    Key("traces.page_up", "pageup,ctrl+u", "page(-1)", "A page up", "Traces", "PgUp"),
    Key("traces.first", "g,home", "end(-1)", "The newest", "Traces", "g"),
    Key("traces.last", "G,end", "end(1)", "The oldest that is loaded", "Traces", "G"),
    Key("traces.failed", "f", "toggle_failed", "Only failed ones, or all", "Traces"),
    Key("traces.copy", "y", "copy", "Copy the trace's id", "Traces"),
    Key("traces.replay", "X", "replay", "Replay the trace", "Traces"),
    *EVERYWHERE,
)

DEBUG: Final = (
    Key("debug.next", "n,f10", "move('next')", "Next: over calls", "Forward", "n"),
    Key("debug.step", "s,f11", "move('step')", "Step: into calls", "Forward", "s"),
    Key("debug.finish", "r", "move('finish')", "Finish: out of this call", "Forward", "r"),
    Key("debug.continue", "c,f5", "move('continue_')", "Continue to the next stop", "Forward", "c"),
    Key("debug.reverse_next", "N,shift+f10", "move('reverse_next')", "Next, backwards", "Reverse", "N"),
    Key("debug.reverse_step", "S,shift+f11", "move('reverse_step')", "Step, backwards", "Reverse", "S"),
    Key("debug.reverse_finish", "R", "move('reverse_finish')", "Back to where this was called", "Reverse", "R"),
    Key(
        "debug.reverse_continue",
        "C,shift+f5",
        "move('reverse_continue')",
        "To the stop before",
        "Reverse",
        "C",
    ),
    Key("debug.down", "j,down", "line(1)", "The line below", "Moving", "j ↓"),
    Key("debug.up", "k,up", "line(-1)", "The line above", "Moving", "k ↑"),
    Key("debug.left", "h,left", "sideways(-1)", "Fold, or to the caller; the tab before", "Moving", "h ←"),
    Key(
        "debug.right",
        "l,right",
        "sideways(1)",
        "Unfold, or to the first call; the next tab",
        "Moving",
        "l →",
    ),
    Key("debug.pan_left", "H,shift+left", "pan(-1)", "Long lines of source: to the left", "Moving", "H"),
    Key("debug.pan_right", "L,shift+right", "pan(1)", "Long lines of source: to the right", "Moving", "L"),
    Key("debug.page_down", "pagedown,ctrl+d", "page(1)", "A page down", "Moving", "PgDn"),
    Key("debug.page_up", "pageup,ctrl+u", "page(-1)", "A page up", "Moving", "PgUp"),
    Key("debug.first", "g,home", "end(-1)", "The first; with a count, that step", "Moving", "g"),
    Key("debug.last", "G,end", "end(1)", "The last; with a count, that step", "Moving", "G 12G"),
    Key("debug.out", "u", "move('up')", "To the caller", "Moving"),
    Key("debug.in", "d", "move('down')", "To the first call made here", "Moving"),
    Key("debug.back", "left_square_bracket", "move('back')", "Back in the jump history", "Moving", "["),
    Key("debug.ahead", "right_square_bracket", "move('forward')", "Forward in the jump history", "Moving", "]"),
    Key("debug.error", "e", "move('next_error')", "The next error", "Moving"),
    Key("debug.error_before", "E", "move('previous_error')", "The error before", "Moving"),
    Key("debug.fold", "space", "fold", "Fold, unfold", "Tree", "Space"),
    Key("debug.fold_all", "minus", "fold_all", "Fold all but the way here", "Tree", "-"),
    Key("debug.unfold_all", "plus", "unfold_all", "Unfold all", "Tree", "+"),
    Key("debug.order", "T", "order", "Call tree, or clock", "Tree"),
    Key("debug.break_here", "b,f9", "break_here", "Breakpoint on this name, set or remove", "Stopping", "b"),
    Key("debug.break_where", "B", "ask('break')", "Breakpoint on a condition", "Stopping"),
    Key("debug.watch", "w", "ask('watch')", "Watch an expression", "Stopping"),
    Key("debug.remove", "delete,D", "remove", "Remove the watch or breakpoint in focus", "Stopping", "D"),
    Key("debug.search", "slash", "ask('/')", "Search: in the trace, or the text in focus", "Looking", "/"),
    Key("debug.match", "semicolon", "match(1)", "The next match", "Looking", ";"),
    Key("debug.match_before", "comma", "match(-1)", "The match before", "Looking", ","),
    Key("debug.tab", "greater_than_sign", "tab(1)", "The next tab", "Looking", ">"),
    Key("debug.tab_before", "less_than_sign", "tab(-1)", "The tab before", "Looking", "<"),
    Key("debug.raw", "v", "raw", "Readable, or JSON as it is", "Looking"),
    Key("debug.earlier", "p", "earlier", "Show or fold earlier messages", "Looking"),
    Key("debug.zoom", "z", "zoom", "This pane alone, or all", "Looking"),
    Key("debug.copy", "y", "copy", "Copy what the pane shows, or the selection", "Looking"),
    Key("debug.replay_step", "x", "replay('step')", "Replay this step alone", "Replay"),
    Key("debug.replay_chain", "X", "replay('from')", "Replay the chain: served up to here, then real", "Replay"),
    Key("debug.replay_served", "", "replay_served", "Replay the whole chain, served", "Replay"),
    Key("debug.edit", "i", "edit", "Edit the input, then replay the step or the chain", "Replay"),
    Key("debug.edit_answer", "I", "edit_answer", "Edit the answer, then replay the chain", "Replay"),
    Key("debug.diff", "equals_sign", "diff", "What differs from the trace that this replays", "Replay", "="),
    Key("debug.leave", "escape", "leave", "Back to the traces", "Everywhere", "Esc"),
    *EVERYWHERE,
)

HINTS: Final = {
    "traces": (("↵", "open"), ("X", "replay"), ("f", "failed"), (":", "command"), ("?", "help"), ("q", "quit")),
    "debug": (
        ("n s r c", "forward"), ("N S R C", "back"), ("b", "break"), ("x X i", "replay"), ("e", "error"),
        ("/", "search"), ("w", "watch"), ("tab", "pane"), ("> <", "tab"), ("v", "json"), ("esc", "traces"),
        ("?", "help"),
    ),
}  # fmt: skip
"""What the bottom line shows, in order of weight; the last one always."""
