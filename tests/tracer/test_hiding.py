"""Inputs and outputs that are not to be recorded: of all steps, by name, by kind; and the user's own redaction."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
import treadle.errors
from programs import python
from treadle.values import digest, plain

HIDDEN = {"$": "hidden", "v": None}
SHOWN = "… (hidden)"


@treadle.trace(kind="llm")
def ask(question: str) -> str:
    """Answer, or fail saying the question."""
    if "fail" in question:
        raise ValueError(f"cannot answer {question}")
    return f"answer to {question}"


@treadle.trace
def answer(question: str) -> str:
    """Ask, below another step."""
    return ask(question)


@treadle.trace
def stream(question: str) -> Generator[str]:
    """Answer in words."""
    yield from f"answer to {question}".split(" ")


def journal(store: Path) -> str:
    """Return all that was written."""
    return "".join(path.read_text() for path in recorded.journals(store))


@pytest.mark.parametrize("chosen", [True, ["as*"], ["other", "kind='llm'"], ['kind = "llm"']])
def test_inputs_are_hidden_where_they_were_named(store: Path, chosen: Any) -> None:
    """By a glob on the name, by kind, or everywhere; the call says why it cannot be replayed."""
    treadle.configure(hide_inputs=chosen)
    ask("swordfish")
    call = recorded.only(store)
    assert call.start["in"] == HIDDEN
    assert call.start["why"] == "its inputs are hidden: they were not recorded"
    assert (call.given, call.output) == (SHOWN, "answer to swordfish")


@pytest.mark.parametrize("chosen", [False, [], ["a"], ["kind='tool'"]])
def test_what_was_not_named_is_recorded(store: Path, chosen: Any) -> None:
    """A bare word is the whole name."""
    treadle.configure(hide_inputs=chosen, hide_outputs=chosen)
    ask("swordfish")
    call = recorded.only(store)
    assert (call.given, call.output) == ({"question": "swordfish"}, "answer to swordfish")
    assert "why" not in call.start


def test_outputs_and_chunks_are_hidden_and_their_times_stay(store: Path) -> None:
    """How a stream came is seen, not what."""
    treadle.configure(hide_outputs=True, hide_inputs=True)
    assert list(stream("swordfish")) == ["answer", "to", "swordfish"]
    call = recorded.only(store)
    assert (call.output, call.chunks, call.end["chunks"]) == (SHOWN, [SHOWN] * 3, 3)
    times = [record["chunks"][0][0] for record in recorded.records(store) if record["r"] == "chunk"]
    assert times == sorted(times)
    assert "swordfish" not in journal(store)


@pytest.mark.parametrize("chosen", [{"hide_inputs": ["ask"]}, {"hide_outputs": ["ask"]}])
def test_what_an_error_says_is_hidden_here_and_above(store: Path, chosen: Any) -> None:
    """Its message, its arguments and the locals of its frames, in the steps that it came through too."""
    treadle.configure(**chosen)
    with pytest.raises(ValueError, match="cannot answer fail"):
        answer("fail")
    above, below = recorded.calls(store)
    for call in (above, below):
        error = call.end["error"]
        assert (error["type"], error["message"]) == ("ValueError", SHOWN)
        assert {frame["function"]: frame["locals"] for frame in error["frames"]}["ask"] == {}
        assert call.output == SHOWN
        assert "cannot answer fail" not in str(call.end)
    assert above.given == {"question": "fail"}


def test_another_error_is_not_hidden(store: Path) -> None:
    """What a step fails with after it caught one of a hidden step is its own."""
    treadle.configure(hide_inputs=["ask"])

    @treadle.trace
    def careful(question: str) -> None:
        try:
            ask(question)
        except ValueError:
            question = "caught"
        raise KeyError(question)

    with pytest.raises(KeyError):
        careful("fail")
    assert recorded.named(store, "careful").end["error"]["message"] == "'caught'"


def test_an_unknown_kind_is_refused() -> None:
    """A typo would record what was to be hidden."""
    with pytest.raises(treadle.errors.UsageError, match="hide_inputs has \"kind='lmm'\": there is no such kind"):
        treadle.configure(hide_inputs=["kind='lmm'"])


PROGRAM = """
import treadle
treadle.configure(hide_inputs=["other"])

@treadle.trace(kind="llm")
def ask(question):
    return "answer to " + question

@treadle.trace
def other(question):
    return "answer to " + question

ask("swordfish")
other("herring")
"""


@pytest.mark.parametrize(("said", "hidden"), [("1", "both"), ("kind='llm', x", "both"), ("", "other"), ("0", "other")])
def test_the_environment_can_hide_more(store: Path, said: str, hidden: str) -> None:
    """All, or a list, besides what the program itself hides."""
    python(PROGRAM, TREADLE_HIDE_INPUTS=said)
    ask_call, other_call = recorded.calls(store)
    assert other_call.given == SHOWN
    assert ask_call.given == (SHOWN if hidden == "both" else {"question": "swordfish"})


def test_an_environment_that_cannot_be_understood_records_nothing(store: Path) -> None:
    """What was to be hidden is not known, and the program runs on."""
    python(PROGRAM, TREADLE_HIDE_OUTPUTS="kind='lmm'")
    assert recorded.records(store) == []


def test_what_is_hidden_is_taken_to_be_the_same() -> None:
    """A replay compares it, and says that it assumed so."""
    one, assumed = digest(b'{"$":"hidden","v":null}')
    assert (one, assumed) == (digest(b'{"$":"hidden","v":null}')[0], True)
    assert plain(b'{"a":{"$":"hidden","v":null}}').decode() == f'{{"a":"{SHOWN}"}}'


def test_the_users_redaction_sees_every_text_and_is_counted(store: Path) -> None:
    """Arguments, keys, outputs, chunks, errors, locals and attributes; each record says how many texts it changed."""
    treadle.configure(redact=lambda text: text.replace("Ann", "[name]"))

    @treadle.trace
    def greet(names: Any) -> Generator[str]:
        yield "Hello Ann"
        local = "Ann's local"
        raise ValueError(f"no Ann {len(local)}")

    with treadle.span("block", note="Ann") as span:
        span.set_attribute("Ann's", "of Ann")
        with pytest.raises(ValueError, match="no Ann"):
            list(greet({"Ann": ["Ann Lee", "Bob"], "other": b"bytes of Ann"}))
    treadle.score("nice", label="Ann", comment="says Ann", trace="0" * 32)
    assert "Ann" not in journal(store).replace("Ann.py", "")
    block, call = recorded.calls(store)
    assert (block.start["redacted"], call.start["redacted"]) == (1, 3)
    assert call.end["redacted"] >= 4
    assert block.end["redacted"] == 2


def test_a_record_in_which_nothing_was_changed_says_nothing(store: Path) -> None:
    """The key is there only where there is something to say."""
    treadle.configure(redact=lambda text: text)
    ask("swordfish")
    call = recorded.only(store)
    assert "redacted" not in {**call.start, **call.end}


@pytest.mark.parametrize("returned", [None, 7, b"Ann"])
def test_a_redaction_that_returns_no_text_hides_it(store: Path, returned: Any) -> None:
    """As one that raises does; the call is recorded all the same."""
    treadle.configure(redact=lambda text: returned)
    ask("Ann")
    call = recorded.only(store)
    assert "Ann" not in journal(store)
    assert (call.status, call.output, call.end["redacted"]) == ("ok", "…", 1)


def test_a_redaction_may_be_traced_itself(store: Path) -> None:
    """What it calls, and says of it, is not recorded: it would be asked about that again, without end."""

    @treadle.trace
    def found(text: str) -> str:
        treadle.score("found", label=text, trace="1" * 32)
        with treadle.span("looked", text=text) as span:
            span.set_attribute("text", text)
        return text

    @treadle.trace
    def redact(text: str) -> str:
        return found(text).replace("Ann", "[name]")

    @treadle.trace
    def greet(name: str) -> str:
        return f"Hello {name}"

    treadle.configure(redact=redact)
    assert greet("Ann") == "Hello Ann"
    assert recorded.only(store).output == "Hello [name]"
    assert "Ann" not in recorded.journals(store)[0].read_text()
