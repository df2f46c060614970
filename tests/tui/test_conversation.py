"""Conversations, edits, typed words, figures and sources: what the screens say, without a screen."""

import json
from pathlib import Path

import pytest

from treadle.functions import code_hash
from treadle.model import Function, Json, Message
from treadle_tui import clipboard, figures
from treadle_tui.conversation import conversation, repeated_messages, tool_call
from treadle_tui.replays import tagged_edit
from treadle_tui.sources import is_library, line_that_calls, read_source
from treadle_tui.trace_rows import one_line
from treadle_tui.typed_commands import Typed, understand

CALL: Json = [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}]


def said(
    role: str, content: str | None, *, parts: Json = None, output: bool = False, call: str | None = None
) -> Message:
    """Return one message."""
    return Message("output" if output else "input", 0, role, content, parts, None, call)


def test_what_the_call_before_held_is_folded() -> None:
    """A call that goes on from another repeats its input and its answer; only what is new is shown."""
    before = [said("system", "Be brief."), said("user", "Hi"), said("assistant", "Hello", output=True)]
    now = [*before[:2], said("assistant", "Hello"), said("user", "And?"), said("assistant", "Bye", output=True)]
    repeated = repeated_messages(now, before)
    assert repeated == 3
    folded = [block.text for block in conversation(now, repeated=repeated)]
    assert folded == ["3 earlier messages", "And?", "Bye"]
    assert len(conversation(now, repeated=repeated, unfolded=True)) == 5


def test_an_unrelated_call_is_shown_whole() -> None:
    """A call with another beginning repeats nothing, and the last input is never folded."""
    assert repeated_messages([said("user", "a")], [said("user", "b")]) == 0
    assert repeated_messages([said("user", "a")], [said("user", "a")]) == 0


def test_tool_results_name_their_tool() -> None:
    """A tool's result stands under the name of the tool that its call named."""
    messages = [said("assistant", None, parts=CALL), said("tool", '{"sky": "grey"}', call="c1")]
    texts = [(block.label, block.text) for block in conversation(messages)]
    assert texts == [("assistant", 'weather(city="Oslo")'), ("tool", "weather"), ("", '{"sky": "grey"}')]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ('{"topic": "password"}', "json"),
        ("[1, 2]\n", "json"),
        ('{"topic": "password"}\n\nOpen a web browser.', None),
        ("[sic] Hello", None),
        ("Hello", None),
    ],
)
def test_only_what_is_json_is_coloured(text: str, language: str | None) -> None:
    """JSON that prose follows is prose, said by whomever."""
    response: Json = [{"type": "tool_call_response", "response": text}]
    messages = [said("assistant", text, output=True), said("tool", None, parts=response)]
    assert [block.language for block in conversation(messages)] == [language, language]


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ({"city": "Oslo"}, ['weather(city="Oslo")']),
        ("not json", ["weather(not json)"]),
        ({"text": "x" * 100}, ["weather", json.dumps({"text": "x" * 100}, indent=2)]),
    ],
)
def test_tool_calls(arguments: Json, lines: list[str]) -> None:
    """Short arguments stand on the line, long ones as JSON under the name, broken ones as they are."""
    assert [block.text for block in tool_call("weather", arguments)] == lines


def test_an_edit_keeps_the_tags_of_what_it_does_not_touch() -> None:
    """What was not changed goes back into the replay as it was recorded."""
    recorded = {
        "when": {"$": "datetime", "v": "2026-01-01T00:00:00"},
        "who": {"$": "pydantic", "type": "app:User", "v": {"name": "Ada", "age": 36}},
        "items": [{"$": "tuple", "v": [1, 2]}, 3],
    }
    plain = {"when": "2026-01-01T00:00:00", "who": {"name": "Grace", "age": 36}, "items": [[1, 2], 4]}
    from treadle.values import plain as unwrapped

    start = json.loads(unwrapped(json.dumps(recorded).encode()))
    start["who"]["name"], start["items"][1] = plain["who"]["name"], 4
    edited = json.loads(tagged_edit(json.dumps(recorded).encode(), json.dumps(start)))
    assert edited["when"] == recorded["when"]
    assert edited["who"] == {"$": "pydantic", "type": "app:User", "v": {"name": "Grace", "age": 36}}
    assert edited["items"] == [{"$": "tuple", "v": [1, 2]}, 4]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("n", Typed("move('next')")),
        ("rc", Typed("move('reverse_continue')")),
        ("next 5", Typed("move('next')", count=5)),
        ("b", Typed("break_here")),
        ("b kind='llm'", Typed("add_breakpoint", "kind='llm'")),
        ("when output_tokens > 500", Typed("add_breakpoint", "output_tokens > 500")),
        ("12", Typed("goto", "12")),
        ("replay", Typed("replay_served")),
        ("replay step --live x", Typed("replay_with", "step --live x")),
        ("set $.text hi", Typed("set_argument", "$.text hi")),
        ("result 42", Typed("set_answer", "42")),
        ("result", Typed("edit_answer")),
        ("frobnicate", None),
        ("next week", None),
    ],
)
def test_typed_words(text: str, meant: Typed | None) -> None:
    """Commands are gdb's and rr's words; what is none is not guessed at."""
    assert understand(text) == meant


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [(-1, "…"), (0, "0s"), (999, "999ns"), (84_000, "84.0µs"), (12_400_000, "12.4ms"), (4_210_000_000, "4.21s"),
     (312_000_000, "312ms"), (124_000_000_000, "2m04s"), (3_720_000_000_000, "1h02m"), (99_990_000_000, "100s")],
)  # fmt: skip
def test_durations_have_three_digits(duration_ns: int, text: str) -> None:
    """Durations keep three significant digits and their unit."""
    assert figures.duration_text(duration_ns) == text


def test_an_input_in_one_line() -> None:
    """The list shows an input's values, not its JSON; what was cut off stays as it is."""
    assert one_line('{"question": "Why\\nnot?", "k": 3}') == "Why not?, 3"
    assert one_line('{"question": "cut o') == '{"question": "cut o'


def test_source_is_found_and_compared_without_importing(tmp_path: Path) -> None:
    """A function is found by its name; one that changed since says so, one that is gone too."""
    path = tmp_path / "app.py"
    path.write_text("raise SystemExit\n\nclass Desk:\n    def answer(self):\n        return 1\n", encoding="utf-8")
    code = compile("def answer(self):\n    return 1\n", "x", "exec").co_consts[0]
    same = Function("app", "Desk.answer", str(path), 4, code_hash(code), "sync")
    found = read_source(path, same)
    assert (found.first_line, found.last_line, found.note) == (4, 5, "")
    path.write_text(path.read_text(encoding="utf-8").replace("return 1", "return 2"), encoding="utf-8")
    assert read_source(path, same).note == "changed since it ran"
    gone = Function("app", "Desk.gone", str(path), 4, None, "sync")
    assert read_source(path, gone).note == "Desk.gone is not in this file any more"
    assert "cannot be read" in read_source(tmp_path / "other.py", same).note


OVERLOADED = """from typing import overload

@overload
def create(text: str) -> str: ...
@overload
def create(text: int) -> int: ...
def create(text):
    return text

def ask(question):
    first = (client()
        .create(question))
    return second(first)

def twice():
    return create(1), \\
        create(2)
"""


def test_an_overloaded_function_is_shown_where_it_is_defined(tmp_path: Path) -> None:
    """Overloads say nothing of what ran."""
    path = tmp_path / "app.py"
    path.write_text(OVERLOADED, encoding="utf-8")
    found = read_source(path, Function("app", "create", str(path), 7, None, "sync"))
    assert (found.first_line, found.last_line) == (7, 8)


def test_the_line_that_calls_is_told_where_there_is_one(tmp_path: Path) -> None:
    """Several calls of the name, or none, tell nothing."""
    path = tmp_path / "app.py"
    path.write_text(OVERLOADED, encoding="utf-8")
    asking = read_source(path, Function("app", "ask", str(path), 10, None, "sync"))
    assert line_that_calls(asking, "create") == 12
    assert line_that_calls(asking, "third") == 0
    assert line_that_calls(read_source(path, Function("app", "twice", str(path), 15, None, "sync")), "create") == 0


@pytest.mark.parametrize(
    ("path", "installed"),
    [
        ("/home/me/.venv/lib/python3.11/site-packages/openai/client.py", True),
        ("/usr/lib/python3/dist-packages/openai/client.py", True),
        ("/usr/lib/python3.11/json/decoder.py", True),
        ("/home/me/lib/client.py", False),
    ],
)
def test_what_is_installed_is_not_the_projects(path: str, installed: bool) -> None:
    """Libraries and Python's own modules are told by where they stand."""
    assert is_library(Path(path)) is installed


def test_copying_says_which_way_it_went(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over ssh a short text goes through the terminal, a long one into a file."""
    monkeypatch.setenv("SSH_CONNECTION", "somewhere")
    sent: list[str] = []
    assert clipboard.copy("short", to_terminal=sent.append) == "copied 5 B through the terminal"
    assert sent == ["short"]
    words = clipboard.copy("x" * 100_001, to_terminal=sent.append)
    path = Path(words.rpartition(" ")[2])
    assert path.stat().st_size == 100_001
    path.unlink()
