"""What a program gets from the one that started it: the parent of its calls, and where it records."""

from pathlib import Path

import pytest

import recorded
from programs import plainly, python


def test_the_environment_names_the_parent_of_top_calls(store: Path) -> None:
    """`TRACEPARENT` is where a program that another one started hangs, threads and tasks included."""
    source = (
        "import asyncio, threading, treadle\n@treadle.trace\ndef top(): return 1\n"
        "async def later(): top()\n"
        "asyncio.run(later())\nthread = threading.Thread(target=top); thread.start(); thread.join()\ntop()"
    )
    python(source, TRACEPARENT=f"00-{'a' * 32}-{'b' * 16}-01")
    starts = [call.start for call in recorded.calls(store)]
    assert [(start["trace"], start["parent"], start["ord"]) for start in starts] == [
        ("a" * 32, "b" * 16, str(number)) for number in range(3)
    ]


def test_a_started_program_continues_its_parents_lane(store: Path) -> None:
    """With `treadle.headers()` in its environment, what a program calls has a place of its own under the call."""
    source = (
        "import os, subprocess, sys, treadle\n@treadle.trace\ndef work(number):\n"
        "    if number < 2:\n"
        "        for _ in range(2):\n"
        "            named = {name.upper(): value for name, value in treadle.headers().items()}\n"
        "            subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[1], str(number + 1)], check=True,\n"
        "                env={**os.environ, **named})\n"
        "        work(9)\n"
        "work(int(sys.argv[2]))"
    )
    python(source, source, "1")
    (root,) = recorded.roots(store)
    assert [(call.given["number"], call.start["ord"]) for call in root.children] == [(2, "0.0"), (2, "1.0"), (9, "0")]


CONFIGURED = """
import multiprocessing, os, sys, treadle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

@treadle.trace
def work(number):
    return number

@treadle.trace
def outer(context):
    os.chdir(sys.argv[2])
    process = context.Process(target=work, args=(1,))
    process.start()
    process.join()
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(work, 2).result()

if __name__ == "__main__":
    if len(sys.argv) > 3:
        treadle.configure(store=sys.argv[3])
    outer(multiprocessing.get_context(sys.argv[1]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("chosen", [[], ["elsewhere"]], ids=["found", "configured"])
def test_a_process_records_where_its_parent_does(
    tmp_path: Path, method: str, chosen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only the main program chooses, and where the parent's folder is another by now."""
    monkeypatch.delenv("TREADLE_STORE")
    project, other = tmp_path / "project", tmp_path / "other"
    for folder in (project, other):
        (folder / ".git").mkdir(parents=True)
    (project / "app.py").write_text(CONFIGURED)
    done = plainly("app.py", method, str(other), *(str(tmp_path / name) for name in chosen), cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    (root,) = recorded.roots(tmp_path / chosen[0] if chosen else project / ".treadle")
    assert sorted(call.given["number"] for call in root.children) == [1, 2]
