"""What the sheets of a replay say: what would run for real and about what it costs, and what came of it."""

from dataclasses import replace

import pytest

from storage.journals import trace_id
from treadle_debugger.forecast import Forecast, LiveCalls
from treadle_debugger.progress import Progress, Stand
from treadle_debugger.replaying import Request, Result
from treadle_debugger.verdict import CallReport, Decision, Judgement, Outcome
from treadle_tui.replays import Wanted, allowing, allowing_all
from treadle_tui.screens.forecast import forecast_blocks
from treadle_tui.verdict_page import verdict_blocks
from treadle_tui.widgets.blocks import Block
from treadle_tui.widgets.replay_bar import ReplayBar
from tui.screen_text import Stage, assert_screen

MODEL = LiveCalls("generate", "llm", 12, 0.0123)
TOOL = LiveCalls("send_mail", "tool", 1, None)
CALL = CallReport(
    decision="served", name="generate", kind="llm", path="answer#0/generate#0", span_id="b" * 16,
    recorded_id="a" * 16, is_assumed=False, is_edited=False, given=(), difference=None, why=None,
)  # fmt: skip


def rows(blocks: list[Block]) -> list[str]:
    """Return blocks as lines with their labels."""
    return [f"{block.label}: {block.text}" for block in blocks]


def result(*calls: CallReport, verdict: str = "diverged", sentence: str = "it strayed") -> Result:
    """Return a replay's result with these calls."""
    ended = Outcome("returned", b"42", None)
    return Result(
        verdict=verdict, sentence=sentence, exit_code=1, trace_id=trace_id(9), calls=calls, counts={"ran": 1},
        elapsed_s=1.5, recorded_s=4.21, judgement=Judgement("diverged", sentence), idle_live=(), before=ended,
        after=ended,
    )  # type: ignore[arg-type] # fmt: skip


def test_what_is_real_is_listed_with_its_cost() -> None:
    """Each name with how often and about what it costs, a tool marked, and the sum below."""
    told = rows(forecast_blocks(Forecast((MODEL, TOOL), (), (), calls=20)))
    assert told == [
        "?: These calls would be made for real. Do it?",
        "LLM: generate    12 calls  about $0.0123",
        "! TOL: send_mail    1 call  a tool: it really acts",
        "cost: about $0.0123, going by the recording",
    ]


def test_what_may_become_real_is_told_apart() -> None:
    """What runs only where it has changed, and what is new, stand apart; the cost has two ends then."""
    told = rows(forecast_blocks(Forecast((MODEL,), (replace(MODEL, name="judge", count=1),), ("*",), calls=20)))
    assert told[2:] == [
        ": Where what they are given has changed by then:",
        "LLM: judge       1 call  about $0.0123",
        "new: any call that the recording has not",
        "cost: about $0.0123, up to $0.0246, going by the recording",
    ]
    told = rows(forecast_blocks(Forecast((), (), ("weigh",), calls=20)))
    assert told[1:] == [
        "new: any call of weigh that the recording has not",
        "cost: nothing is known about what these calls cost",
    ]


def test_a_verdict_says_what_was_otherwise_first() -> None:
    """What strayed stands above what did as it had done, with the difference; no advice for the command line."""
    strayed = replace(CALL, decision="new", path="answer#0/weigh#0", why="the recording has no such call")
    said = "answer#0/weigh#0 is not in the recording: allow it with --live 'weigh', or all with --live-changed"
    shown = replace(result(CALL, strayed, sentence=said), idle_live=("wiegh",))
    told = rows(verdict_blocks(shown, printed="one\ntwo\n"))
    assert told == [
        "≠: diverged: answer#0/weigh#0 is not in the recording",
        "calls: 1 ran",
        "took: 1.50s; the recording took 4.21s",
        "--live: wiegh fitted no call",
        f"new trace: {trace_id(9)[:8]}",
        "new: answer#0/weigh#0\n  the recording has no such call",
        "served: answer#0/generate#0",
        "printed: one\ntwo",
    ]


@pytest.mark.parametrize(
    ("decision", "kind", "live", "with_effects"),
    [
        ("changed", "llm", ("span_id = 'aaaaaaaaaaaaaaaa'",), False),
        ("unanswerable", "tool", ("span_id = 'aaaaaaaaaaaaaaaa'",), False),
        ("new", "tool", ("look?up.now",), False),
        ("withheld", "tool", ("span_id = 'aaaaaaaaaaaaaaaa'",), True),
    ],
)
def test_what_strayed_is_allowed_by_name(
    decision: Decision, kind: str, live: tuple[str, ...], *, with_effects: bool
) -> None:
    """Allowing names the recorded call itself, or what a new one is called; what does harm is allowed to, then."""
    wanted = Wanted(Request(trace_id(1)), "the chain")
    strayed = replace(CALL, decision=decision, kind=kind, name="look up.now")
    allowed = allowing(wanted, result(strayed))
    assert allowed is not None
    assert allowed.request == Request(trace_id(1), live=live, with_effects=with_effects)
    assert allowing_all(wanted).request == Request(trace_id(1), live_changed=True)


def test_what_cannot_be_allowed_is_not_offered() -> None:
    """Glue that strayed from a strict replay, and a replay that nothing strayed from, have nothing to be allowed."""
    wanted = Wanted(Request(trace_id(1), strict=True), "the chain")
    assert allowing(wanted, result(CALL)) is None
    assert allowing(wanted, result(replace(CALL, decision="changed", kind="chain"))) is None


def test_a_call_that_is_decided_about_again_counts_once() -> None:
    """A served call that turned out to have no answer is counted as that alone."""
    progress = Progress()
    for span, decision in (("a", "ran"), ("b", "served"), ("c", "moved"), ("b", "unanswerable")):
        progress.take({"span": span, "decision": decision, "path": f"answer#0/{span}#0"})
    progress.take({"outcome": "raised"})
    assert progress.stand() == Stand({"ran": 1, "served": 1, "unanswerable": 1}, "unanswerable", "answer#0/b#0")
    assert progress.stand().done == 3


@pytest.mark.parametrize("width", [40, 80, 160])
async def test_the_bar_as_text(width: int) -> None:
    """The bar of a running replay at each width: title, how far, the newest call."""
    bar = ReplayBar()
    async with Stage(bar).run_test(size=(width, 4)) as pilot:
        bar.begin("the chain from generate", expected=10)
        counts = {"served": 3, "ran": 1, "live": 1}
        bar.advance(Stand(counts, "live", "answer#0/" + "converse#0/" * 6 + "generate#1"), 2.345)
        await pilot.pause()
        assert_screen(pilot.app, f"replay_bar_{width}")
