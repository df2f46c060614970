"""A notebook records as a program does, and keeps the source that stands in no file. The kernels are real."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import DeadKernelError

import recorded
from notebook_runs import run_cells
from treadle.model import Process
from treadle.signing import load_key, sign_source, signer_of, verify_process

Run = Callable[..., list[str]]
DEFINES = "@treadle.trace\ndef half(number):\n    return number / 2"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs cells in a kernel of their own."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return lambda *cells: run_cells(tmp_path, *cells)


def kept(store: Path, kind: str = "source") -> list[dict[str, Any]]:
    """Return the records of a kind."""
    return [record for record in recorded.records(store) if record["r"] == kind]


def test_the_cells_that_ran_are_kept_before_the_first_record_that_needs_them(run: Run, store: Path) -> None:
    """Each has its count, the function's file is that of its cell, and none that ran after the last call is there."""
    run("import treadle", DEFINES, "half(4)", "half(6)", "later = 1")
    assert [(source["number"], source["text"]) for source in kept(store)] == [
        (1, "import treadle"),
        (2, DEFINES),
        (3, "half(4)"),
        (4, "half(6)"),
    ]
    (function,) = kept(store, "function")
    assert function["file"] == kept(store)[1]["file"]
    kinds = [record["r"] for record in recorded.records(store)]
    assert kinds == ["process", *["source"] * 3, "function", "start", "end", "source", "start", "end"]


def test_a_cell_that_is_edited_and_run_again_is_another_source(run: Run, store: Path) -> None:
    """The same name is another function, with its own record and file; the old text again is the old function."""
    run("import treadle", DEFINES, "half(4)", DEFINES.replace("/ 2", "* 0.5"), "half(4)", DEFINES, "half(4)")
    functions = kept(store, "function")
    assert [call.start["f"] for call in recorded.roots(store)] == [0, 1, 0]
    assert functions[0]["hash"] != functions[1]["hash"]
    assert functions[0]["file"] != functions[1]["file"]
    by_number = {source["number"]: source["text"] for source in kept(store)}
    assert [by_number[number] for number in (2, 4, 6)] == [DEFINES, DEFINES.replace("/ 2", "* 0.5"), DEFINES]
    assert len(kept(store)) == 7


def test_what_is_kept_is_signed_and_holds_no_secret(run: Run, store: Path) -> None:
    """A secret's shape, a text that is given a secret's name and a variable that is set are masked; code runs on."""
    run(
        "import os, treadle\n%env SERVICE_TOKEN=abcdefgh1234\nopenai_api_key: str = 'not-of-any-shape-at-all'\n"
        "os.environ['DB_PASSWORD'] = \"hunter2hunter2hunter2\"; max_tokens = 'twelve'\nurl = 'https://me:hush@host/x'",
        DEFINES + "\nhalf(2)",
    )
    text = kept(store)[0]["text"]
    for secret in ("abcdefgh1234", "of-any-shape", "hunter2h", "hush"):
        assert secret not in text
    assert "openai_api_key: str = 'not…'" in text
    assert "max_tokens = 'twelve'" in text
    assert recorded.only(store).status == "ok"
    key = load_key(create=False)
    (process,) = kept(store, "process")
    assert key is not None
    for source in kept(store):
        signed = {"file": source["file"], "number": source["number"], "text": source["text"]}
        signed["redacted"] = source.get("redacted", False)
        assert source["sig"] == sign_source(signer_of(key), process=process["process"], **signed)


def test_the_process_record_names_the_notebook(run: Run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Jupyter tells the kernel; the signature covers it, and where nobody tells there is no main."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/chains.ipynb")
    run("import treadle", DEFINES, "half(4)")
    (told,) = kept(store, "process")
    assert told["main"] == {"notebook": "/home/me/chains.ipynb"}
    monkeypatch.delenv("JPY_SESSION_NAME")
    run("import treadle", DEFINES, "half(4)")
    assert "main" not in kept(store, "process")[1]
    key = load_key(create=False)
    assert key is not None
    fields: dict[str, Any] = {name: told[name] for name in ("pid", "cwd", "python", "executable", "host")}
    process = Process(
        process_id=told["process"], argv=tuple(told["argv"]), path=tuple(told["path"]), main_file=None,
        main_module=None, main_notebook="/home/me/chains.ipynb", git_commit=None, git_dirty=None,
        started_at_ns=told["t"], signature=told["sig"], **fields,
    )  # fmt: skip
    assert verify_process(key, process)


def test_an_error_shows_the_lines_and_locals_of_cells(run: Run, store: Path) -> None:
    """Frames of cells are the project's own, whichever cell they are of."""
    run(
        "import treadle\ndef divide(by):\n    return 1 / by",
        "@treadle.trace\ndef chain(by):\n    doubled = 2 * by\n    return divide(doubled)",
        "chain(0)",
    )
    error = recorded.only(store).end
    assert error is not None
    outer, inner = error["error"]["frames"]
    assert (outer["function"], outer["line"], outer["source"]) == ("chain", 4, "return divide(doubled)")
    assert outer["locals"] == {"by": "0", "doubled": "0"}
    assert (inner["function"], inner["line"], inner["source"]) == ("divide", 3, "return 1 / by")
    assert [frame["file"] for frame in (inner, outer)] == [source["file"] for source in kept(store)[:2]]


def test_an_awaiting_cell_hangs_its_calls_under_each_other(run: Run, store: Path) -> None:
    """Top-level await is as anywhere else, and the cell run again makes a trace of its own."""
    define = (
        "import asyncio, treadle\n@treadle.trace\nasync def leaf(n):\n    await asyncio.sleep(0)\n    return n\n"
        "@treadle.trace\nasync def tree():\n    return await asyncio.gather(leaf(1), leaf(2))"
    )
    printed = run(define, "await tree()", "await tree()")
    assert printed[1:] == ["[1, 2]"] * 2
    roots = recorded.roots(store)
    assert [root.tree for root in roots] == [["tree", ["leaf"], ["leaf"]]] * 2
    assert roots[0].start["trace"] != roots[1].start["trace"]


def test_an_interrupted_cell_leaves_an_interrupted_step_and_the_kernel_goes_on(run: Run, store: Path) -> None:
    """What Jupyter's stop button sends."""
    wait = "import signal, treadle\n@treadle.trace\ndef wait():\n    signal.raise_signal(signal.SIGINT)"
    printed = run(wait, "wait()", DEFINES + "\nhalf(4)")
    assert printed == ["", "KeyboardInterrupt: ", "2.0"]
    assert [call.status for call in recorded.calls(store)] == ["interrupted", "ok"]


def test_a_killed_kernel_leaves_its_open_steps_and_a_new_one_records_anew(run: Run, store: Path) -> None:
    """As after any `kill -9`, with the sources that they ran."""
    die = "import os, treadle\n@treadle.trace\ndef die():\n    os.kill(os.getpid(), 9)"
    with pytest.raises(DeadKernelError):
        run(die, "die()")
    assert recorded.only(store).status == "running"
    assert [source["text"] for source in kept(store)] == [die, "die()"]
    run("import treadle", DEFINES, "half(4)")
    assert [call.status for call in recorded.calls(store)] == ["running", "ok"]
    assert len(recorded.journals(store)) == 2


def test_cells_print_and_show_the_same_with_and_without_the_decorator(run: Run, tmp_path: Path) -> None:
    """Output, displayed values, warnings and errors."""
    define = "@treadle.trace\ndef chain(by):\n    print('in', by)\n    import sys; print('err', file=sys.stderr)\n"
    cells = ("import treadle", f"{define}    return 1 / by", "chain(2)", "chain(0)", "chain.__name__, chain(4)")
    plain = (cells[0], cells[1].removeprefix("@treadle.trace\n"), *cells[2:])
    assert run(*cells) == run(*plain)


def test_an_autoreloaded_module_runs_and_records_its_new_code(run: Run, tmp_path: Path, store: Path) -> None:
    """By the module's name, and by a name that was imported from it before; it needs no source: it has a file."""
    (tmp_path / "shop.py").write_text("import treadle\n@treadle.trace\ndef price():\n    return 1\n")
    edit = (
        "from pathlib import Path; import os\n"
        "Path('shop.py').write_text(Path('shop.py').read_text().replace('return 1', 'return 22'))\n"
        "os.utime('shop.py', (9e8, 2e9))"
    )
    printed = run(
        "%load_ext autoreload\n%autoreload 2", "import shop\nfrom shop import price", "shop.price(), price()", edit,
        "shop.price(), price()",
    )  # fmt: skip
    assert (printed[2], printed[4]) == ("(1, 1)", "(22, 22)")
    assert [call.output for call in recorded.calls(store)] == [1, 1, 22, 22]
    first, second = kept(store, "function")
    assert first["hash"] != second["hash"]
    assert kept(store) == []


def test_cells_after_a_reset_are_kept_too(run: Run, store: Path) -> None:
    """Their counts begin anew."""
    run("import treadle", DEFINES, "half(4)", "%reset -f", f"import treadle\n{DEFINES}\nhalf(6)")
    assert kept(store)[-1]["text"] == f"import treadle\n{DEFINES}\nhalf(6)"
    assert [call.output for call in recorded.calls(store)] == [2, 3]
