"""`treadle run`: the program runs as without it, and is one trace."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from programs import RUN_FILE, plainly, traced
from servers import ModelServer

ABOUT_ITSELF = """
import inspect, pickle, sys
from dataclasses import dataclass

@dataclass
class Held:
    number: int

print(__name__, __file__, __spec__, __package__, __doc__, type(__loader__).__name__, __builtins__)
print(sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals())
print(pickle.loads(pickle.dumps(Held(3))), sorted(globals()))
print(sys.stdin.read())
"""
MODULE_ABOUT_ITSELF = """
import sys
print(__name__, __file__, __spec__.name, __package__, sys.argv, sys.path[0])
"""


@pytest.mark.parametrize("as_asked", ["app.py", "./app.py", "{folder}/app.py"])
def test_a_script_finds_itself_as_python_would_run_it(tmp_path: Path, as_asked: str) -> None:
    """Names, paths, arguments, stdin and pickling are those of a plain run."""
    (tmp_path / "app.py").write_text(ABOUT_ITSELF)
    command = (as_asked.format(folder=tmp_path), "--flag", "a b")
    assert traced(*command, cwd=tmp_path, stdin="typed").stdout == plainly(*command, cwd=tmp_path, stdin="typed").stdout


def test_a_linked_script_imports_from_where_it_really_lies(tmp_path: Path) -> None:
    """Python resolves the link for the first entry of the path, and so does a traced run."""
    real = tmp_path / "real"
    real.mkdir()
    (real / "app.py").write_text("import beside, sys; print(beside.NAME, sys.argv)")
    (real / "beside.py").write_text("NAME = 'beside'")
    (tmp_path / "link.py").symlink_to(real / "app.py")
    assert traced("link.py", cwd=tmp_path).stdout == plainly("link.py", cwd=tmp_path).stdout == "beside ['link.py']\n"


@pytest.mark.parametrize("module", ["alone", "pack", "pack.inner"])
def test_a_module_finds_itself_as_python_would_run_it(tmp_path: Path, module: str) -> None:
    """`-m` works for modules, packages and modules in packages."""
    (tmp_path / "alone.py").write_text(MODULE_ABOUT_ITSELF)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("import sys; print('imported', sys.argv)")
    (tmp_path / "pack" / "__main__.py").write_text(MODULE_ABOUT_ITSELF)
    (tmp_path / "pack" / "inner.py").write_text(MODULE_ABOUT_ITSELF)
    done = traced("-m", module, "x", cwd=tmp_path)
    assert done.stdout == plainly("-m", module, "x", cwd=tmp_path).stdout
    assert done.stdout.startswith("imported" if "pack" in module else "__main__")


def test_a_folder_with_a_main_runs(tmp_path: Path) -> None:
    """A folder that holds `__main__.py` is a program too."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text(MODULE_ABOUT_ITSELF)
    assert traced("app", "x", cwd=tmp_path).stdout == plainly("app", "x", cwd=tmp_path).stdout


ENDINGS = {
    "uncaught": "def inner():\n    raise ValueError('bad ö')\ninner()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('k') from error",
    "context": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    undefined",
    "group": "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
    "syntax": "print('never')\nx = (1,",
    "exit number": "import sys; sys.exit(3)",
    "exit text": "import sys; sys.exit('it cannot go on')",
    "exit none": "import sys; sys.exit()",
    "exit zero": "raise SystemExit(0)",
    "interrupt": "raise KeyboardInterrupt",
    "own hook": "import sys\nsys.excepthook = lambda k, e, t: print('mine', k, t.tb_frame.f_code.co_name)\n1 / 0",
    "at exit": "import atexit; atexit.register(print, 'last'); print('first')",
    "thread": "import threading; threading.Thread(target=print, args=('late',)).start()",
    "hard": "import os; os._exit(7)",
    "signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_program_ends_as_it_would(tmp_path: Path, how: str) -> None:
    """Exit code, output and traceback are those of a plain run, character for character."""
    (tmp_path / "app.py").write_text(ENDINGS[how])
    done, expected = traced("app.py", cwd=tmp_path), plainly("app.py", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, expected.stderr)


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("uncaught", "error", "ValueError"),
        ("exit number", "error", "SystemExit"),
        ("syntax", "error", "SyntaxError"),
        ("exit none", "ok", None),
        ("exit zero", "ok", None),
        ("interrupt", "interrupted", "KeyboardInterrupt"),
        ("at exit", "ok", None),
        ("hard", "running", None),
    ],
)
def test_the_root_step_says_how_the_program_ended(
    tmp_path: Path, store: Path, how: str, status: str, error: str | None
) -> None:
    """A code other than zero and an uncaught exception are errors; what was killed never ended."""
    (tmp_path / "app.py").write_text(ENDINGS[how])
    traced("app.py", "x", cwd=tmp_path)
    root = recorded.only(store)
    assert (root.name, root.start["kind"], root.given, root.status) == ("app.py", "chain", {"argv": ["x"]}, status)
    assert root.start["attrs"] == {"treadle.program": True}
    assert (root.end or {}).get("error", {}).get("type") == error


def test_the_failing_frame_is_the_programs_own(tmp_path: Path, store: Path) -> None:
    """The recorded stack names the program's lines and none of Treadle's or the standard library's."""
    (tmp_path / "app.py").write_text("import json\ndef read(text):\n    return json.loads(text)\nread('{')")
    traced("app.py", cwd=tmp_path)
    error = recorded.only(store).end["error"]
    assert [(frame["function"], frame["line"]) for frame in error["frames"]] == [("<module>", 4), ("read", 3)]
    assert error["frames"][1]["locals"]["text"] == "'{'"
    assert "treadle/program" not in error["stack"]


def test_the_journal_names_the_program(tmp_path: Path, store: Path) -> None:
    """The process record says what a replay must run, and with which arguments."""
    (tmp_path / "app.py").write_text("print()")
    traced("app.py", "a", cwd=tmp_path)
    process = recorded.records(store)[0]
    assert process["main"] == {"file": str(tmp_path / "app.py")}
    assert process["argv"] == ["app.py", "a"]
    assert process["path"][0] == str(tmp_path)


def test_the_journal_names_the_module(tmp_path: Path, store: Path) -> None:
    """For `-m` it is the module, and the arguments begin with its file."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "__main__.py").write_text("import sys; print(sys.argv[0])")
    done = traced("-m", "pack", "a", cwd=tmp_path)
    process = recorded.records(store)[0]
    assert process["main"] == {"module": "pack"}
    assert process["argv"] == [done.stdout.strip(), "a"]
    assert process["path"][0] == str(tmp_path)


def test_a_missing_module_is_pythons_own_complaint(tmp_path: Path) -> None:
    """`-m` of a module that is not there says and returns what Python does."""
    done, expected = traced("-m", "not_there", cwd=tmp_path), plainly("-m", "not_there", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (expected.returncode, expected.stderr)


SPAWNING = """
import multiprocessing

def double(number):
    return 2 * number

class Held:
    pass

if __name__ == "__main__":
    with multiprocessing.get_context("{method}").Pool(1) as pool:
        print(pool.map(double, [1, 2]), type(pool.apply(Held)).__module__)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_find_the_programs_functions(tmp_path: Path, method: str) -> None:
    """Processes that the program starts import its `__main__` as they would."""
    (tmp_path / "app.py").write_text(SPAWNING.format(method=method))
    done = traced("app.py", cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("[2, 4] __main__\n", "", 0)


def test_an_interrupt_ends_the_program_as_it_would(tmp_path: Path, store: Path) -> None:
    """Ctrl-C kills by signal, and the root step is interrupted."""
    (tmp_path / "app.py").write_text("print('ready', flush=True)\nimport threading\nthreading.Event().wait()")
    with subprocess.Popen(
        [sys.executable, "-c", RUN_FILE, "app.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert (recorded.only(store).status, recorded.only(store).closed) == ("interrupted", True)


UNDECORATED = """
import sys
import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
ask = lambda text, **more: client.chat.completions.create(
    model="small", messages=[{"role": "user", "content": text}], **more
)
first = ask("one").choices[0].message.content
second = "".join(chunk.choices[0].delta.content or "" for chunk in ask(first, stream=True))
print(second)
"""


def test_an_undecorated_script_is_one_trace(tmp_path: Path, store: Path, model_server: ModelServer) -> None:
    """A script that only imports the client is recorded whole, and prints what it would."""
    (tmp_path / "app.py").write_text(UNDECORATED)
    done = traced("app.py", model_server.base_url, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("echo: echo: one\n", "")
    (root,) = recorded.roots(store)
    assert root.tree == ["app.py", ["chat small"], ["chat small"]]
    assert {call.start["trace"] for call in recorded.calls(store)} == {root.start["trace"]}


def test_a_disabled_run_records_nothing(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TREADLE_DISABLED` leaves only the program."""
    monkeypatch.setenv("TREADLE_DISABLED", "1")
    (tmp_path / "app.py").write_text("print('ran')")
    assert traced("app.py", cwd=tmp_path).stdout == "ran\n"
    assert not store.exists()


def test_a_running_program_has_not_imported_the_client(tmp_path: Path) -> None:
    """`treadle run` waits for the program to import a client; it brings none."""
    (tmp_path / "app.py").write_text("import sys; print('openai' in sys.modules, 'click' in sys.modules)")
    assert traced("app.py", cwd=tmp_path).stdout == "False False\n"
