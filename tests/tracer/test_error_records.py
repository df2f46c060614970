"""What is recorded of an exception: the stack as Python prints it, its causes, and short, redacted locals."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle

SECRET = "sk-proj-" + "aB3dE5fG7hJ9kL2mN4pQ6rS8"


class Shown:
    """Shows itself as it was told to."""

    def __init__(self, show: Callable[[], str]) -> None:
        self._show = show

    def __repr__(self) -> str:
        return self._show()


def raise_this(error: BaseException) -> str:
    """Raise, where only an expression can stand."""
    raise error


def caused() -> None:
    """Fail because of something else."""
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise ValueError("the failure") from error


def in_context() -> None:
    """Fail while something else is handled."""
    try:
        raise KeyError("the context")
    except KeyError:
        raise ValueError("the failure")  # noqa: B904 - so that it is the context


def suppressed() -> None:
    """Fail, and say that what was before is nobody's business."""
    try:
        raise KeyError("not shown")
    except KeyError:
        raise ValueError("the failure") from None


def grouped() -> None:
    """Fail in several ways at once."""
    raise ExceptionGroup("several", [ValueError("one"), ExceptionGroup("deeper", [TypeError("two")])])


def noted() -> None:
    """Fail with notes."""
    error = ValueError("the failure")
    error.add_note("first note")
    error.add_note("second\nnote")
    raise error


def recursive(depth: int = 400) -> None:
    """Fail far down."""
    if depth == 0:
        raise ValueError("deep")
    recursive(depth - 1)


def failed(store: Path, function: Callable[..., Any]) -> dict[str, Any]:
    """Run a function that fails, and return what was recorded of its failure."""
    with pytest.raises(BaseException) as caught:
        treadle.trace(function)()
    error: dict[str, Any] = recorded.calls(store)[-1].end["error"]
    error["printed"] = "".join(traceback.format_exception(caught.value.with_traceback(caught.tb.tb_next)))
    return error


@pytest.mark.parametrize("function", [caused, in_context, suppressed, grouped, noted])
def test_the_stack_is_what_python_prints(store: Path, function: Callable[..., Any]) -> None:
    """With causes, contexts, groups and notes, and without our frames."""
    error = failed(store, function)
    assert error["stack"] == error["printed"]


def test_the_causes_have_their_own_frames(store: Path) -> None:
    """What led to a failure is looked at as the failure is."""
    (cause,) = failed(store, caused)["causes"]
    assert (cause["type"], cause["message"]) == ("KeyError", "'the cause'")
    assert cause["frames"][0]["source"] == 'raise KeyError("the cause")'
    assert "causes" not in failed(store, suppressed)


def test_a_deep_stack_is_bounded(store: Path) -> None:
    """The last frames are there, and not one for each of a thousand calls."""
    error = failed(store, recursive)
    assert len(error["frames"]) == 30
    assert error["frames"][-1]["source"] == 'raise ValueError("deep")'
    assert len(error["stack"]) < 10_000


def test_an_exception_that_passes_many_calls_is_told_whole_by_the_first(store: Path) -> None:
    """Those far above the failure name it, and the lines where it was raised."""

    @treadle.trace
    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError("deep")
        down(depth - 1)

    with pytest.raises(ValueError, match="deep"):
        down(60)
    errors = [call.end["error"] for call in recorded.calls(store)]
    outermost, innermost = errors[0], errors[-1]
    assert outermost["message"] == innermost["message"] == "deep"
    assert outermost["frames"][-1] == innermost["frames"][-1]
    assert outermost["stack"].endswith(innermost["stack"].partition("\n")[2])
    assert len(outermost["frames"]) == 2
    assert len(errors[35]["frames"]) == 26


def test_a_long_chain_of_causes_is_bounded(store: Path) -> None:
    """A loop that raises one failure from the one before may have done so for days."""

    def retry() -> None:
        last: Exception = ValueError("first")
        for attempt in range(5_000):
            following = RuntimeError(f"attempt {attempt}")
            following.__cause__ = last
            last = following
        raise last

    error = failed(store, retry)
    assert error["stack"].endswith("RuntimeError: attempt 4999\n")
    assert len(error["stack"]) < 10_000
    assert [cause["message"] for cause in error["causes"]] == [f"attempt {4998 - n}" for n in range(5)]


def test_a_huge_message_is_bounded(store: Path) -> None:
    """Whatever its size, and a secret at the cut is still known as one."""

    def fail() -> None:
        raise ValueError("x" * 9_990 + f" {SECRET} " + "y" * 1_000_000)

    error = failed(store, fail)
    assert error["message"] == "x" * 9_990 + " sk-… yyyy"
    assert len(error["stack"]) == 100_000


def test_a_secret_that_is_cut_in_the_middle_is_found(store: Path) -> None:
    """In a text, in what holds it, and in an object's own words."""

    def fail() -> None:
        text = "x" * 190 + f" {SECRET}"
        held = {"text": text, "password": "hunter2hunter2"}
        words = Shown(lambda: text)
        raise ValueError(len(held), len(text), words is None)

    (frame,) = failed(store, fail)["frames"]
    assert frame["locals"]["text"] == "'" + "x" * 190 + " sk-…'"
    assert frame["locals"]["words"] == "x" * 190 + " sk-…"
    assert not [part for part in ("sk-p", "hunter") if part in str(frame)]


def test_locals_under_secret_names_are_masked(store: Path) -> None:
    """Whatever type they are of; a word of a text is no secret for being called a token."""

    def fail() -> None:
        password, secrets, api_key = "swordfish", ["swordfish"], b"swordfish"
        token = "Hello"
        raise ValueError(len(password) + len(secrets) + len(api_key) + len(token))

    (frame,) = failed(store, fail)["frames"]
    assert "swordfish" not in str(frame)
    assert frame["locals"]["token"] == "'Hello'"


def test_the_names_of_a_module_are_no_locals(store: Path, tmp_path: Path) -> None:
    """Of a failing script its values are shown, not what it imports and defines."""

    def fail() -> None:
        code = compile("import os\ndef helper(): ...\nnumber = 7\nraise ValueError(number)", __file__, "exec")
        exec(code, {"__name__": "script"})

    frame = failed(store, fail)["frames"][-1]
    assert (frame["function"], frame["locals"]) == ("<module>", {"number": "7"})


@pytest.mark.parametrize("raised", [SystemExit(1), GeneratorExit(), RecursionError("deep"), ValueError("odd")])
def test_a_repr_that_raises_changes_nothing(store: Path, raised: BaseException) -> None:
    """Only we have called it: the program fails with its own failure."""

    def fail() -> None:
        odd = Shown(lambda: raise_this(raised))
        raise ValueError(odd is None)

    error = failed(store, fail)
    assert (error["type"], error["message"]) == ("ValueError", "False")


def test_ctrl_c_while_a_failure_is_described_is_the_users(store: Path) -> None:
    """It goes on to the program, and the call has ended on disk before."""

    @treadle.trace
    def fail() -> None:
        interrupted = Shown(lambda: raise_this(KeyboardInterrupt()))
        raise ValueError(interrupted is None)

    with pytest.raises(KeyboardInterrupt) as caught:
        fail()
    assert isinstance(caught.value.__context__, ValueError)
    call = recorded.only(store)
    assert (call.status, call.end["error"]["type"]) == ("error", "ValueError")
