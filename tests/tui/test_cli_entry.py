"""The entry point: help, exit codes, one line for whatever is wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from owners import end_owner
from storage.journals import write_long_trace
from treadle_tui.cli import COMMANDS, treadle
from tui.shop import OK
from waiting import wait_until

COMMAND = (sys.executable, "-m", "treadle_tui")
HEAVY = {"duckdb", "textual", "rich", "numpy", "openai", "treadle_storage", "treadle_debugger", "opentelemetry"}


def test_help_lists_every_command_and_loads_nothing_heavy():
    """`treadle --help` needs none of the libraries that the commands need."""
    code = "import sys, atexit; atexit.register(lambda: print(*sys.modules)); import treadle_tui.__main__"
    ran = subprocess.run((sys.executable, "-c", code, "--help"), capture_output=True, text=True, check=True)
    listing, _, modules = ran.stdout.rpartition("doctor")
    assert all(f"  {name}" in listing + "  doctor" for name in COMMANDS)
    assert HEAVY.isdisjoint(module.partition(".")[0] for module in modules.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_how_it_is_typed(cli, name):
    """Its help has an example, `--store`, and the line that the list of commands shows."""
    ran = cli(name, "--help")
    assert ran.code == 0
    assert "Examples:\n    " in ran.out
    assert "--store" in ran.out
    assert treadle.get_command(None, name).help.split("\n\n")[0] == COMMANDS[name]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trces"], "there is no command 'trces'; did you mean traces?"),
        (["traces", "--limit", "x"], "'x' is not a valid integer"),
        (["show"], "missing argument 'TRACE'"),
        (["show", "--nope", "last"], "no such option"),
        (["show", "eeee"], "no trace and no span begins with 'eeee'"),
        (["show", "last", "--step", "9999"], "has no step 9999"),
        (["sql", "select nope from spans"], '"nope" not found'),
        (["sql", "selec 1"], "syntax error"),
        (["sql", "drop table x"], "only SELECT may be run"),
        (["sql", "select 1; select 2"], "one query at a time"),
        (["traces", "--where", "1=1) or (1=1"], ""),
        (["score", "last", "helpful", "much"], "'much' is neither a number nor true or false"),
        (["score", "last", " ", "1"], "a score needs a name"),
        (["diff", OK, "d8be"], "a trace and a step cannot be compared"),
        (["run", "no_such_file.py"], "there is no file no_such_file.py"),
        (["ui"], "the debugger needs a terminal"),
        ([], "the debugger needs a terminal"),
        (["last-failed"], "the debugger needs a terminal"),
        (["replay", "last", "--live", "nothing = 1"], ""),
    ],
)
def test_what_is_wrong_is_one_clear_line(cli, shop, arguments, said, monkeypatch):
    """Used wrongly: exit 2, nothing on stdout, one line on stderr beside what a rule chose, no traceback."""
    monkeypatch.setenv("TREADLE_STORE", str(shop))
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, "")
    lines = [line for line in ran.err.splitlines() if not line.startswith("last")]
    assert len(lines) == 1
    assert lines[0].startswith("treadle: ")
    assert said in lines[0]


@pytest.mark.parametrize(
    "arguments", [["traces"], ["show", "last"], ["sql", "select 1"], ["search", "x"], ["diff", "a", "b"]]
)
def test_no_store_is_said_with_what_to_do(cli, tmp_path, arguments):
    """A command that looks makes no store, and says how to get one."""
    ran = cli(*arguments, store=tmp_path / "none")
    assert (ran.code, ran.out) == (2, "")
    assert "treadle: no store at" in ran.err
    assert "treadle demo" in ran.err
    assert not (tmp_path / "none").exists()


def test_an_empty_store_is_said(cli, tmp_path):
    """Nothing recorded: a list is empty, a trace cannot be shown."""
    store = tmp_path / ".treadle"
    store.mkdir()
    listed = cli("traces", store=store)
    assert (listed.code, listed.out) == (0, "")
    assert "nothing is recorded" in listed.err
    assert cli("traces", "--format", "json", store=store).out == "[]\n"
    shown = cli("show", "last", store=store)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("treadle: ")
    end_owner(store)


def test_debug_prints_the_traceback(cli, tmp_path):
    """`--debug` works before and after the command's name."""
    for arguments in (["--debug", "traces"], ["traces", "--debug"]):
        ran = cli(*arguments, store=tmp_path / "none")
        assert "Traceback" in ran.err
        assert ran.code == 2


def test_the_store_may_be_named_before_the_command(cli, shop):
    """`treadle --store PATH traces` is `treadle traces --store PATH`."""
    assert cli("--store", str(shop), "traces").out == cli("traces", store=shop).out


def test_a_reader_that_has_seen_enough_ends_it_silently(tmp_path):
    """`treadle sql ... | head -1` says nothing about a broken pipe."""
    store = tmp_path / ".treadle"
    write_long_trace(store, steps=20_000)
    command = subprocess.Popen(
        (*COMMAND, "sql", "select * from spans", "--format", "csv", "--store", str(store)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert command.stdout.readline().startswith(b"trace_id,")
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() == 0
    end_owner(store)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for the moment to interrupt")
def test_ctrl_c_ends_it_quietly(own_shop):
    """Exit 130 and no traceback, in the middle of a query that would take for ever."""
    query = "select sum(a.range * b.range) from range(100000000) a, range(100000) b"
    arguments = (*COMMAND, "sql", query, "--timeout", "600", "--store", str(own_shop))
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        wait_until(lambda: has_connected(command.pid), timeout_s=30)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=30)
    assert (command.returncode, out, err.strip()) == (130, "", "")


def has_connected(pid):
    """Tell whether a process has a socket open: it talks to the owner."""
    try:
        descriptors = [os.fspath(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:  # closed in the meantime
        return False
    return any(descriptor.startswith("socket:") for descriptor in descriptors)
