"""The plain text of a screen, and stored texts to compare it with. `UPDATE_SCREENS=1` writes them anew."""

import os
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widget import Widget

from treadle_tui import themes

STORED = Path(__file__).parent / "stored_screens"


class Stage(App[None]):
    """An app around one widget, with Treadle's themes and stylesheet."""

    CSS_PATH = Path(themes.__file__).with_name("app.tcss")

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our variables."""
        return themes.variable_defaults(dark=True)

    def compose(self) -> ComposeResult:
        """Hold the widget."""
        yield self.widget

    def on_mount(self) -> None:
        """Take on our colours."""
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = "treadle-dark"
        self.widget.focus()


def screen_text(app: App[None]) -> str:
    """Return what stands on the screen, one line a row, without trailing blanks."""
    _width, height = app.size
    rows = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in row).rstrip() for row in rows[:height]]
    return "\n".join(lines).rstrip() + "\n"


def assert_screen(app: App[None], name: str) -> None:
    """Compare the screen with the stored text `name`."""
    path = STORED / f"{name}.txt"
    now = screen_text(app)
    if os.environ.get("UPDATE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    assert now == path.read_text(encoding="utf-8"), f"{path} differs; UPDATE_SCREENS=1 writes it anew"
