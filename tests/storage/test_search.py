"""A text in everything that was recorded: the newest first, with the place where it stands."""

from __future__ import annotations

import pytest

from storage.journals import JournalWriter, span_id
from treadle.errors import QueryError
from treadle_storage import Store, searching
from treadle_storage.searching import Hit, Sought, search_everywhere


@pytest.fixture
def held(opened: Store) -> Store:
    """Return a store with five steps that have ended and one that runs, each a bit newer."""
    with JournalWriter(opened.path) as writer:
        for number, said in enumerate(("a LOOM", "nothing", "Ölmühle", 'say "loom"\nnow', "order #4711")):
            request = {"messages": [{"role": "user", "content": "hello"}, {"role": "user", "content": said}], "n": 4711}
            writer.start(span_id(number), f"step {number}", arguments=request)
            writer.end(span_id(number), result=[{"the key": said.upper()}] if number == 2 else None)
        writer.start(span_id(9), "loom", arguments={})
        writer.start(span_id(10), "fails")
        writer.end(span_id(10), status="error", error={"type": "E", "message": "the loom broke"})
        yield opened  # type: ignore[misc]


def found(store: Store, text: str, *, is_pattern: bool = False, limit: int = 100) -> list[Hit]:
    """Return what is found."""
    return list(search_everywhere(store, Sought(text, is_pattern=is_pattern), limit=limit))


def places(store: Store, text: str, *, is_pattern: bool = False) -> list[tuple[str, str, str | None]]:
    """Return of what is found the name and the place."""
    return [(hit.name, hit.place, hit.path) for hit in found(store, text, is_pattern=is_pattern)]


@pytest.mark.parametrize("rows", [2, 4_000])
def test_what_runs_comes_first_then_the_newest(held: Store, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the case, in errors and names too, and however the steps are looked through."""
    monkeypatch.setattr(searching, "FIRST_ROWS", rows)
    assert places(held, "loom") == [
        ("loom", "name", None),
        ("fails", "error", None),
        ("step 3", "input", "$.messages[1].content"),
        ("step 0", "input", "$.messages[1].content"),
    ]


def test_the_place_is_the_first_value_that_holds_it(held: Store) -> None:
    """Texts of any language, names, numbers, a text over a line break; a quote is a quote."""
    assert places(held, "ÖLMÜHLE") == [("step 2", "output", "$[0].the key")]
    assert places(held, "the key") == [("step 2", "output", "$[0].the key")]
    assert places(held, '"loom"\nNOW') == [("step 3", "input", "$.messages[1].content")]
    assert places(held, "4711")[0] == ("step 4", "input", "$.messages[1].content")
    assert places(held, "4711")[1] == ("step 3", "input", "$.n")
    assert found(held, '"loom"')[0].snippet == 'say "loom"\nnow'


def test_a_regular_expression(held: Store) -> None:
    """Case folded too; one that is none is said, and one that would take for ever elsewhere does not."""
    assert places(held, r"order #?\d{4}", is_pattern=True) == [("step 4", "input", "$.messages[1].content")]
    assert [hit.name for hit in found(held, "^LOOM$", is_pattern=True)] == ["loom"]
    with pytest.raises(QueryError, match="cannot search for"):
        found(held, "(", is_pattern=True)


def test_nothing_of_the_text_is_read_as_anything_else(held: Store) -> None:
    """Not as SQL, not as a glob, not as a pattern."""
    for text in ("' or 1=1 --", "%", "lo*m", "l..m", "\\", "\x00"):
        assert found(held, text) == []


def test_the_first_are_there_before_the_last_are_looked_for(held: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants one hit does not wait for the whole store."""
    monkeypatch.setattr(searching, "FIRST_ROWS", 1)
    asked: list[int] = []
    ask = held.found
    monkeypatch.setattr(held, "found", lambda *a, **k: [asked.append(k["last"]), ask(*a, **k)][1])
    hits = search_everywhere(held, Sought("broke"), limit=1)
    assert next(hits).name == "fails"
    assert asked == [0, 5]
