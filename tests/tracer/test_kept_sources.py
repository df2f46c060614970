"""Source that stands in no file is kept where `linecache` has it, and no other."""

import doctest
import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from programs import python
from treadle import guard

BODY = "@treadle.trace\ndef made(number):\n    return number + 1\n"
FILE = "<made of a template>"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Leave `linecache` as it was."""
    yield
    linecache.cache.pop(FILE, None)


def made(text: str, file: str = FILE, *, registered: bool = True) -> Any:
    """Return the function that the text makes."""
    if registered:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names: dict[str, Any] = {"treadle": treadle, "__name__": __name__}
    exec(compile(text, file, "exec"), names)
    return names["made"]


def kept(store: Path) -> list[tuple[Any, ...]]:
    """Return file, number and text of what was kept."""
    sources = [record for record in recorded.records(store) if record["r"] == "source"]
    return [(source["file"], source.get("number"), source["text"]) for source in sources]


def test_made_code_is_kept_once(store: Path) -> None:
    """Two functions of the same text need it once; another text under the same name is another source."""
    other = BODY.replace("+ 1", "+ 2")
    for text in (BODY, BODY, other, BODY):
        made(text)(1)
    assert kept(store) == [(FILE, None, BODY), (FILE, None, other), (FILE, None, BODY)]
    assert [call.output for call in recorded.calls(store)] == [2, 2, 3, 2]


def test_code_whose_text_nobody_has_is_recorded_without_it(store: Path) -> None:
    """`exec` alone keeps no text."""
    made(BODY, registered=False)(1)
    assert kept(store) == []
    assert recorded.only(store).status == "ok"


def test_a_file_that_is_there_is_not_kept(store: Path, tmp_path: Path) -> None:
    """It can be read; also where `linecache` has read it before."""
    file = tmp_path / "shop.py"
    file.write_text(BODY)
    made(BODY, str(file), registered=False)(1)
    linecache.getlines(str(file))
    made(BODY, str(file), registered=False)(2)
    assert kept(store) == []


def test_a_file_of_a_relative_name_is_looked_for_nowhere_else(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`linecache` would take any file of that name on the path."""
    (tmp_path / "templates.py").write_text("other = 'text'")
    monkeypatch.syspath_prepend(str(tmp_path))
    made(BODY, "templates.py", registered=False)(1)
    assert kept(store) == []


def test_a_doctest_keeps_its_example(store: Path) -> None:
    """As its traceback would show it."""
    text = ">>> import treadle\n>>> @treadle.trace\n... def made(number):\n...     return number + 1\n>>> made(1)\n2\n"
    test = doctest.DocTestParser().get_doctest(text, {}, "example", "shop.py", 0)
    assert doctest.DocTestRunner().run(test).failed == 0
    ((file, number, source),) = kept(store)
    assert (file, number, source) == ("<doctest example[1]>", None, BODY)


def test_a_source_that_cannot_be_kept_costs_nothing_but_itself(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call is recorded, and one line tells of the fault."""

    def fail(file: str) -> list[str]:
        raise RuntimeError("no lines today")

    function = made(BODY)
    monkeypatch.setattr(guard, "_told", False)
    monkeypatch.setattr(linecache, "getlines", fail)
    assert function(1) == 2
    assert recorded.only(store).status == "ok"
    assert capsys.readouterr().err == "treadle: this run is not recorded whole: no lines today\n"


@pytest.mark.parametrize(
    "secret", ['password = """trout\nfish\n"""', 'api_key = "trout\\\nfish"', 'token = """\\\ntrout\n\nfish"""']
)
def test_a_secret_of_several_lines_leaves_the_others_their_numbers(store: Path, secret: str) -> None:
    """What stands below it stays where it stood, and the text stays code."""
    text = f"{secret}\n{BODY}"
    made(text)(1)
    ((_, _, source),) = kept(store)
    assert "trout" not in source
    assert "fish" not in source
    assert source.endswith(BODY)
    assert source.count("\n") == text.count("\n")
    compile(source, FILE, "exec")


def test_the_shell_of_newer_pythons_is_no_main_module(store: Path) -> None:
    """A replay would start the shell."""
    python(
        "import sys, types, treadle\n"
        "sys.modules['__main__'].__spec__ = types.SimpleNamespace(name='_pyrepl.__main__')\n"
        "with treadle.span('typed'): pass"
    )
    assert "main" not in recorded.records(store)[0]
