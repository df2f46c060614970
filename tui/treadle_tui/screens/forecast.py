"""What a replay would do for real, about what that costs, and the question whether to do it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from treadle_debugger.choosing import EVERY_NAME
from treadle_debugger.forecast import Forecast, LiveCalls
from treadle_tui import figures
from treadle_tui.widgets import marks
from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.payload_view import PayloadView


class ForecastScreen(ModalScreen[bool]):
    """Ask before a replay makes real calls."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape,q", "answer(False)", "No", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, what: str, forecast: Forecast) -> None:
        super().__init__()
        self._what = what
        self._forecast = forecast

    def compose(self) -> ComposeResult:
        """Hold the question."""
        with Vertical(classes="sheet"):
            divider = Divider((f"For real · {self._what}",))
            divider.heavy, divider.note = True, "y runs it · n does not"
            yield divider
            yield PayloadView()

    def on_mount(self) -> None:
        """Fill it in."""
        laid_out = page(forecast_blocks(self._forecast), gutter_cells=10)
        self.query_one(PayloadView).load(laid_out.lines, margins=laid_out.margins)

    def action_answer(self, answer: bool) -> None:
        """Answer."""
        self.dismiss(answer)

    def action_scroll(self, lines: int) -> None:
        """Scroll a long list."""
        self.query_one(PayloadView).scroll_relative(y=lines, animate=False)


def forecast_blocks(forecast: Forecast) -> list[Block]:
    """Return the page of a forecast."""
    asks = "These calls would be made for real. Do it?"
    if not forecast.certain:
        asks = "These calls would be made for real, where it comes to that. Do it?"
    blocks = [Block(asks, "?", "accent", "strong")]
    widest = max((len(calls.name) for calls in (*forecast.certain, *forecast.possible)), default=0)
    for number, calls in enumerate(forecast.certain):
        blocks.append(_calls_block(calls, widest, gap=number == 0))
    if forecast.lets_new_run:
        if forecast.possible:
            blocks.append(Block("Where what they are given has changed by then:", tone="dim"))
            blocks += [_calls_block(calls, widest, gap=False) for calls in forecast.possible]
        names = "" if EVERY_NAME in forecast.new_names else f" of {', '.join(forecast.new_names)}"
        new = f"any call{names} that the recording has not"
        blocks.append(Block(new, "new", "dim", gap=not forecast.possible))
    return [*blocks, Block(_cost(forecast), "cost", "dim")]


def _calls_block(calls: LiveCalls, widest: int, *, gap: bool) -> Block:
    said = f"{calls.name.ljust(widest)}  {figures.count(calls.count):>3} {'call' if calls.count == 1 else 'calls'}"
    if calls.cost_usd is not None:
        said += f"  about {figures.money(calls.cost_usd)}"
    is_tool = calls.kind == "tool"
    if is_tool:
        said += "  a tool: it really acts"
    tag = marks.KIND_TAGS.get(calls.kind, "SPN")
    return Block(said, f"! {tag}" if is_tool else tag, "alarm" if is_tool else f"kind-{calls.kind}", gap=gap)


def _cost(forecast: Forecast) -> str:
    certain, most = forecast.cost_usd, forecast.most_usd
    if most is None:
        return "nothing is known about what these calls cost"
    if certain is None or certain == most:
        said = f"about {figures.money(most)}" if certain is not None else f"up to about {figures.money(most)}"
    else:
        said = f"about {figures.money(certain)}, up to {figures.money(most)}"
    return f"{said}, going by the recording"
