"""What importing Treadle costs the traced program: nothing heavy, and names that stay what they are."""

import sys
from pathlib import Path

import pytest

import treadle
from programs import python

HEAVY = ("duckdb", "textual", "click", "grpc", "numpy", "orjson", "opentelemetry", "openai", "rich", "asyncio")


def test_importing_loads_nothing_heavy() -> None:
    """`import treadle`, a decorator and `instrument()` load none of the heavy modules."""
    source = (
        "import sys, treadle\n@treadle.trace\ndef f(): ...\ntreadle.instrument()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert python(source) == "[]\n"


def test_the_first_call_loads_what_it_needs_and_no_more() -> None:
    """A traced call needs OpenTelemetry and orjson, never the database, a screen or a client."""
    source = (
        "import sys, treadle\n@treadle.trace\ndef f(): ...\nf()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = python(source)
    for name in ("duckdb", "textual", "click", "grpc", "numpy", "openai", "rich"):
        assert name not in loaded


def test_public_names_stay_functions() -> None:
    """A name is the same thing the second time, whatever was imported in between."""
    source = (
        "import treadle\nnames = sorted(treadle.__all__)\nfirst = [getattr(treadle, name) for name in names]\n"
        "treadle.current(); treadle.instrument()\n"
        "assert all(callable(thing) for thing in first)\n"
        "assert first == [getattr(treadle, name) for name in names]\nprint(*names)"
    )
    assert python(source) == "codec configure continued current headers instrument score span trace\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        treadle.nothing  # noqa: B018


def test_disabled_is_the_function_itself(monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    """`TREADLE_DISABLED` leaves the decorated function as it is, and spans empty."""
    monkeypatch.setenv("TREADLE_DISABLED", "1")

    def plain() -> int:
        return 1

    assert treadle.trace(plain) is plain
    with treadle.span("nothing") as span:
        span.set_output(1)
        span.set_attribute("a", 1)
    assert treadle.instrument() == []
    assert not store.exists()


def test_a_client_that_is_not_installed_is_not_instrumented(tmp_path: Path) -> None:
    """Without openai `instrument()` patches nothing and imports nothing."""
    source = (
        "import sys\n"
        "sys.path[:] = [entry for entry in sys.path if 'site-packages' not in entry] + [sys.argv[1]]\n"
        "import treadle\nprint(treadle.instrument())"
    )
    tracer = str(Path(treadle.__file__).parents[1])
    assert python(source, tracer, cwd=tmp_path) == "[]\n"


@pytest.mark.parametrize("first", ["import openai; treadle.instrument()", "treadle.instrument(); import openai"])
def test_a_client_is_patched_whenever_it_is_imported(first: str) -> None:
    """Before or after `instrument()`, in one step or by its resources alone; its module keeps its own loader."""
    source = (
        f"import treadle; {first}\n"
        "import inspect\n"
        "from openai.resources.chat.completions import completions\n"
        "print(completions.Completions.create.__treadle__.name, type(completions.__loader__).__name__)\n"
        "assert completions.__spec__.loader is completions.__loader__\n"
        "assert inspect.getsource(completions).startswith('#')"
    )
    assert python(source) == "create SourceFileLoader\n"


def test_the_interpreter_is_supported() -> None:
    """3.11 is the oldest."""
    assert sys.version_info >= (3, 11)
