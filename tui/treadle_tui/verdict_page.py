"""What a replay showed, as a page: the verdict, what was otherwise, and what became of each call."""

from collections.abc import Sequence
from typing import Final

import orjson

from treadle.errors import RefusedError, ReplayError, TreadleError
from treadle.values import plain
from treadle_debugger.replaying import Result
from treadle_debugger.verdict import CallReport, Outcome
from treadle_tui import figures
from treadle_tui.widgets.blocks import Block
from treadle_tui.widgets.replay_bar import DECISION_TONES

GLYPHS: Final = {
    "same": ("✓", "good"), "fixed": ("✓", "good"), "changed": ("≠", "accent"), "diverged": ("≠", "alarm"),
    "refused": ("⊘", "alarm"), "not replayable": ("⊘", "alarm"), "timed out": ("⊘", "alarm"),
}  # fmt: skip
"""Of verdicts; the others are failures."""
_USUAL: Final = ("served", "ran")
"""What became of a call, where it did as it had done."""
_ORDER: Final = ("served", "live", "overridden")
_CALLS_SHOWN: Final = 200
_LINES_PRINTED: Final = 12
_VALUE_CHARACTERS: Final = 400
_ADVICE: Final = ": allow it with --"
"""Begins what the command line has to say; here a key does it."""


def verdict_blocks(result: Result, *, printed: str = "") -> list[Block]:
    """Return the page of a result, with the end of what the program printed."""
    glyph, tone = GLYPHS.get(result.verdict, ("✗", "alarm"))
    sentence = result.sentence.partition(_ADVICE)[0]
    blocks = [Block(f"{result.verdict}: {sentence}", glyph, tone, tone)]
    blocks += _difference_blocks(result)
    blocks.append(Block(_counts(result), "calls"))
    took = figures.duration_text(int(result.elapsed_s * 1e9))
    if result.recorded_s is not None:
        took += f"; the recording took {figures.duration_text(int(result.recorded_s * 1e9))}"
    blocks.append(Block(took, "took", gap=False))
    edited = sorted({call.name for call in result.calls if call.is_edited})
    if edited:
        blocks.append(Block(", ".join(edited), "edited since", "accent", gap=False))
    assumed = sum(call.is_assumed for call in result.calls)
    if assumed:
        said = f"{figures.count(assumed)} with arguments that were not recorded, taken to be the same"
        blocks.append(Block(said, "assumed", "accent", gap=False))
    if result.idle_live:
        blocks.append(Block(f"{', '.join(result.idle_live)} fitted no call", "--live", "accent", gap=False))
    if result.trace_id:
        blocks.append(Block(result.trace_id[:8], "new trace", gap=False))
    blocks += _call_blocks(result.calls)
    last = printed.rstrip().splitlines()[-_LINES_PRINTED:]
    return [*blocks, Block("\n".join(last), "printed", "dim", "dim")] if last else blocks


def trouble_blocks(error: TreadleError) -> list[Block]:
    """Return the page of a replay that did not run, and why."""
    word = "refused" if isinstance(error, RefusedError) else "not replayable"
    word = word if isinstance(error, ReplayError) else "could not run"
    return [Block(f"{word}: {error}", "⊘", "alarm", "alarm")]


def _difference_blocks(result: Result) -> list[Block]:
    """Return what the sentence does not say of how it ended, before or now."""
    difference = result.judgement.difference
    if difference is not None:
        before, after = _value(difference.before), _value(difference.after)
        blocks = [Block(f"of the result, {difference.path or 'all'}", "differs", "accent")]
        blocks += [Block(before, "-", "alarm", "dim", gap=False)] if difference.change != "added" else []
        return blocks + ([Block(after, "+", "good", gap=False)] if difference.change != "removed" else [])
    if result.verdict == "fixed":
        return [Block(_ended(result.after), "now", "good")]
    return [Block(_ended(result.before), "before", "good")] if result.verdict == "regressed" else []


def _ended(outcome: Outcome) -> str:
    if outcome.status == "raised":
        return f"raised {outcome.error}"
    if outcome.status == "unknown" or outcome.output is None:
        return "had not ended"
    return f"returned {_value(orjson.loads(plain(outcome.output)))}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) and value else orjson.dumps(value, default=repr).decode()
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}…"


def _counts(result: Result) -> str:
    places = {word: place for place, word in enumerate(_ORDER)} | {"ran": len(result.counts) + len(_ORDER)}
    counted = sorted(result.counts.items(), key=lambda item: places.get(item[0], len(_ORDER)))
    return " · ".join(f"{figures.count(number)} {decision}" for decision, number in counted) or "none"


def _call_blocks(calls: Sequence[CallReport]) -> list[Block]:
    """Return a line for each call: first those that did otherwise than recorded."""
    told = [call for call in calls if call.decision not in _USUAL or call.is_edited]
    usual = [call for call in calls if call.decision in _USUAL and not call.is_edited]
    shown = (told + usual)[:_CALLS_SHOWN]
    firsts = {0, len(told)}
    blocks = [_call_block(call, gap=number in firsts) for number, call in enumerate(shown)]
    left_out = len(told) + len(usual) - len(shown)
    return [*blocks, Block(f"{figures.count(left_out)} more", tone="faint")] if left_out else blocks


def _call_block(call: CallReport, *, gap: bool) -> Block:
    tone = DECISION_TONES.get(call.decision, "alarm")
    extras = [
        f"given {', '.join(call.given)}" if call.given and call.given != ("$",) else "",
        "its answer is the one that you gave" if call.given == ("$",) else "",
        str(call.difference) if call.difference is not None and call.decision not in _USUAL else "",
        call.why or "" if call.decision not in _USUAL else "",
        "its code was edited since" if call.is_edited else "",
    ]
    text = "\n".join([call.path, *(f"  {extra}" for extra in extras if extra)])
    is_usual = call.decision in _USUAL and not call.is_edited
    return Block(text, call.decision, "dim" if is_usual else tone, "dim" if is_usual else "normal", gap=gap)
