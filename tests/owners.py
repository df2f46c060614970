"""Owners of stores in tests: which process it is, and its end."""

import fcntl
import os
import signal
from pathlib import Path

from waiting import wait_until


def is_owned(store: Path) -> bool:
    """Tell whether a process holds the store's lock."""
    if not (store / "owner.lock").exists():
        return False
    with (store / "owner.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def owner_pid(store: Path) -> int:
    """Return the process id of the store's owner, once it has written it."""
    lock = store / "owner.lock"
    return int(wait_until(lambda: lock.exists() and lock.read_text(), what="the owner's process id"))


def kill_owner(store: Path) -> int:
    """Kill the owner as `kill -9` does, and return which process it was."""
    pid = owner_pid(store)
    os.kill(pid, signal.SIGKILL)
    return pid


def end_owner(store: Path) -> None:
    """Have the store's owner leave, if there is one, and wait until it has."""
    if is_owned(store):
        os.kill(owner_pid(store), signal.SIGTERM)
        wait_until(lambda: not is_owned(store), what="the owner's end")
