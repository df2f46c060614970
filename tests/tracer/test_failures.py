"""What is recorded of an exception, and that nothing Treadle does makes a call fail."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
import treadle.errors
from treadle import recorder


class Noisy:
    """Raises when it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@treadle.trace
def divide(left: int, right: int) -> float:
    """Divide, with something to see."""
    noisy = Noisy()
    long = "x" * 1000
    return left / right if noisy and long else 0


def test_an_exception_is_recorded_with_its_frames(store: Path) -> None:
    """Type, message, stack, and of the project's frames file, line, source and locals; it goes on unchanged."""
    with pytest.raises(ZeroDivisionError) as caught:
        divide(1, 0)
    call = recorded.only(store)
    error = call.end["error"]
    assert (call.status, error["type"], error["message"]) == ("error", "ZeroDivisionError", "division by zero")
    (frame,) = error["frames"]
    assert (frame["file"], frame["function"]) == (__file__, "divide")
    assert frame["source"] == "return left / right if noisy and long else 0"
    assert (frame["locals"]["left"], frame["locals"]["right"]) == ("1", "0")
    assert frame["locals"]["noisy"].startswith("<Noisy instance at ")
    assert len(frame["locals"]["long"]) == 200
    assert "treadle/wrappers" not in error["stack"]
    assert str(caught.value) == "division by zero"
    assert call.output["message"] == "division by zero"


def test_a_huge_local_is_not_read_whole(store: Path) -> None:
    """What a failing function holds is shown by its beginning, whatever its size."""
    shown = []

    class Item:
        def __repr__(self) -> str:
            shown.append(self)
            return "item"

    @treadle.trace
    def fail() -> None:
        held = [Item()] * 100_000
        raise ValueError(len(held))

    with pytest.raises(ValueError, match="100000"):
        fail()
    (frame,) = recorded.only(store).end["error"]["frames"]
    assert frame["locals"]["held"].startswith("[item, item, ")
    assert len(shown) < 100


def test_a_caught_exception_marks_only_its_own_span(store: Path) -> None:
    """The caller that catches it is ok."""

    @treadle.trace
    def careful() -> str:
        try:
            divide(1, 0)
        except ZeroDivisionError:
            return "caught"
        return ""

    careful()
    (root,) = recorded.roots(store)
    assert (root.status, root.children[0].status) == ("ok", "error")


def test_no_value_is_kept_alive_by_the_record(store: Path) -> None:
    """Locals of a failed call are freed with it."""

    class Held:
        pass

    references = []

    @treadle.trace
    def fail() -> None:
        held = Held()
        references.append(weakref.ref(held))
        raise ValueError

    with pytest.raises(ValueError):
        fail()
    gc.collect()
    assert references[0]() is None


def test_an_exception_whose_text_raises_is_recorded(store: Path) -> None:
    """Its own `__str__` may be broken."""

    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    @treadle.trace
    def fail() -> None:
        raise BrokenError

    with pytest.raises(BrokenError):
        fail()
    assert recorded.only(store).end["error"]["message"] == "(its text could not be read: RuntimeError)"


@pytest.mark.parametrize("value", [Noisy(), "\ud800", float("nan"), 2**100, {1: {2: 3}}, lambda: None, type, ...])
def test_any_argument_and_any_result_passes(store: Path, value: Any) -> None:
    """Whatever is given comes back, and is recorded as far as it can be."""

    @treadle.trace
    def echo(value: Any) -> Any:
        return value

    assert echo(value) is value
    assert recorded.only(store).status == "ok"


def test_arguments_that_do_not_fit_raise_what_they_would(store: Path) -> None:
    """A wrong call is the function's own TypeError."""
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        divide(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes 2 positional arguments but 3 were given"):
        divide(1, 2, 3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        divide(1, 2, other=3)  # type: ignore[call-arg]
    assert [call.status for call in recorded.calls(store)] == ["error"] * 3


def test_arguments_are_bound_by_name(store: Path) -> None:
    """Defaults, rests and keywords stand under their parameters' names; ignored ones are left out."""

    @treadle.trace(ignore=["client"])
    def call(first: int, /, second: int = 2, *rest: int, named: str = "n", client: Any = None, **more: Any) -> None:
        """Take everything."""

    call(1, 5, 6, 7, client=object(), extra=True)
    call(1)
    first, second = recorded.calls(store)
    assert first.given == {"first": 1, "second": 5, "rest": [6, 7], "named": "n", "more": {"extra": True}}
    assert {"first": 1, "second": 2, "named": "n"}.items() <= second.given.items()


def test_a_store_that_goes_away_changes_nothing(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal whose descriptor is gone is told once, and the calls go on."""
    divide(1, 1)
    live = recorder.recorder()
    assert live is not None
    monkeypatch.setattr(live.journal, "_descriptor", 10**6)
    assert [divide(4, 2), divide(6, 2)] == [2, 3]
    assert capsys.readouterr().err.count("treadle:") == 1
    monkeypatch.undo()


def test_a_span_records_what_it_is_told(store: Path) -> None:
    """Input, output, attributes; an error inside it is its own."""
    with treadle.span("rerank", kind="reranker", query="q") as span:
        span.set_attribute("count", 3)
        span.set_output(["doc"])
    with pytest.raises(KeyError), treadle.span("fails"):
        raise KeyError("x")
    good, bad = recorded.calls(store)
    assert (good.name, good.start["kind"], good.given, good.output) == ("rerank", "reranker", {"query": "q"}, ["doc"])
    assert good.end["attrs"] == {"count": 3}
    assert bad.end["error"]["type"] == "KeyError"


def test_scores_are_records_of_the_current_trace(store: Path) -> None:
    """A score inside a call belongs to its trace; outside of one it must be told which."""

    @treadle.trace
    def answer() -> str:
        treadle.score("helpful", 0.8, comment="yes")
        return "a"

    answer()
    (score,) = [record for record in recorded.records(store) if record["r"] == "score"]
    assert score["trace"] == recorded.only(store).start["trace"]
    assert (score["name"], score["value"], score["source"]) == ("helpful", 0.8, "code")
    with pytest.raises(treadle.errors.UsageError, match="has no trace"):
        treadle.score("helpful", 1)


def test_an_unknown_kind_is_refused_at_once() -> None:
    """A typo in `kind` is found when the program loads."""
    with pytest.raises(treadle.errors.UsageError, match="kind 'lmm' is not known"):
        treadle.trace(kind="lmm")
