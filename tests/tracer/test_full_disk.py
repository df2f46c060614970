"""A disk that is full, or cannot be written: the program goes on, and what was recorded before stays."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from programs import LONGEST_RUN_S

IN_A_NAMESPACE = ["unshare", "--mount", "--map-root-user", "sh", "-ec"]
"""Mounts made in it are gone with it."""
FILLING = """
import os, sys, treadle
from pathlib import Path

@treadle.trace
def work(number, padding): return number + len(padding)

results = [work(number, "x" * 1000) for number in range(200)]
Path(os.environ["TREADLE_STORE"], "ballast").unlink()
results += [work(number, "") for number in range(1000, 1010)]
print(sum(results))
"""
UNWRITABLE = """
import treadle
@treadle.trace
def work(number): return number + 1
print(work(1), work(2))
"""


def in_a_namespace(script: str, source: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that can mount, with a program's source as its first argument."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    command = [*IN_A_NAMESPACE, script, "sh", source, sys.executable]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(done.stderr)
    return done


def test_a_disk_that_fills_and_is_freed_costs_only_what_had_no_room(store: Path, tmp_path: Path) -> None:
    """The program returns what it would, one line is said, no line but a torn one is spoilt, and recording goes on."""
    store.mkdir()
    done = in_a_namespace(
        'mount -t tmpfs -o size=256k tmpfs "$TREADLE_STORE"; head -c 128k /dev/zero > "$TREADLE_STORE/ballast"; '
        '"$2" -c "$1"; cp -r "$TREADLE_STORE" kept',
        FILLING,
        tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, f"{sum(range(200)) + 200_000 + sum(range(1000, 1010))}\n")
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
    kept = tmp_path / "kept"
    (journal,) = recorded.journals(kept)
    unreadable = [line for line in journal.read_bytes().split(b"\n") if line and not is_json(line)]
    assert len(unreadable) <= 1
    calls = [call for call in recorded.calls(kept) if call.status == "ok"]
    numbers = [call.given["number"] for call in calls]
    assert numbers[-10:] == list(range(1000, 1010))
    assert 10 < len(numbers) - 10 < 200
    assert numbers[:-10] == list(range(len(numbers) - 10))


def is_json(line: bytes) -> bool:
    """Tell whether a line parses."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("prepared", [True, False])
def test_a_read_only_store_is_told_once(store: Path, tmp_path: Path, prepared: bool) -> None:
    """Whether it holds journals already or nothing: the program prints what it would, and one line says why."""
    (store / "journal").mkdir(parents=True) if prepared else store.mkdir()
    read_only = 'mount --bind "$TREADLE_STORE" "$TREADLE_STORE"; mount -o remount,ro,bind "$TREADLE_STORE"'
    done = in_a_namespace(f'{read_only}; "$2" -c "$1"', UNWRITABLE, tmp_path)
    assert (done.returncode, done.stdout) == (0, "2 3\n")
    assert done.stderr.count("\n") == 1
    assert "cannot write a journal in" in done.stderr
    assert "Read-only file system" in done.stderr
