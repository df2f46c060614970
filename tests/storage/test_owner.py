"""The owner process: one a store, started on demand, gone when it is not needed, replaced when it dies."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

import treadle_storage
from owners import end_owner, is_owned, kill_owner, owner_pid
from treadle.errors import NotFoundError, StoreError, StoreHeldError, StoreVersionError
from treadle_storage.connection import Connection
from treadle_storage.election import elect
from treadle_storage.place import place_of
from waiting import wait_until

OWNER = [sys.executable, "-P", "-m", "treadle_storage.owner"]


def test_of_several_that_start_at_once_one_serves(place: Path) -> None:
    """Every starter returns when somebody serves, and exactly one does."""
    starters = [subprocess.Popen([*OWNER, str(place)]) for _ in range(5)]
    assert [starter.wait(30) for starter in starters] == [0] * 5
    with treadle_storage.open(place) as store:
        assert store.status().owner_pid == owner_pid(place)
    assert (place / "owner.log").read_text().count("serving") == 1


def test_clients_that_come_at_once_share_one_owner(place: Path) -> None:
    """Twenty clients, each of which would start an owner, are answered by the same one."""
    pids: list[int] = []

    def ask() -> None:
        with treadle_storage.open(place) as store:
            pids.append(store.status().owner_pid)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert pids == [owner_pid(place)] * 20


def test_it_leaves_when_idle_and_stays_while_asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connected client keeps the owner; without one it is gone after the idle time, and leaves no socket."""
    monkeypatch.setenv("TREADLE_OWNER_IDLE_S", "0.3")
    with treadle_storage.open(place) as store:
        pid = store.status().owner_pid
        idle_twice = time.monotonic() + 0.7
        wait_until(lambda: store.version() and time.monotonic() > idle_twice)
        assert store.status().owner_pid == pid
    wait_until(lambda: not is_owned(place))
    assert not (place / "owner.sock").exists()
    with treadle_storage.open(place) as store:
        assert store.status().owner_pid != pid


def test_it_is_out_of_reach_of_the_terminal(place: Path) -> None:
    """The owner has a session of its own, so Ctrl-C and a closed terminal pass it by."""
    with treadle_storage.open(place) as store:
        pid = store.status().owner_pid
    assert os.getsid(pid) == pid != os.getsid(0)


def test_a_socket_that_a_killed_owner_left_is_no_obstacle(place: Path) -> None:
    """A stale socket file is replaced."""
    (place / "owner.lock").write_text("4242\n")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(place / "owner.sock"))
    with treadle_storage.open(place) as store:
        assert store.sql("select 1").fetchall() == [(1,)]


def test_the_socket_is_private(place: Path) -> None:
    """Socket, lock and log can be opened by their user only."""
    with treadle_storage.open(place) as store:
        store.version()
    for name in ("owner.sock", "owner.lock", "owner.log"):
        assert (place / name).stat().st_mode & 0o077 == 0


def test_an_owner_of_another_user_is_not_trusted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client checks who is behind the socket before it says anything."""
    monkeypatch.setattr(Connection, "peer_uid", lambda _: os.geteuid() + 1)
    with treadle_storage.open(place) as store, pytest.raises(StoreError, match="not trusted"):
        store.version()


def is_running(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_foreign_program_that_holds_the_file_is_named(place: Path) -> None:
    """Its pid is in the error, and when it has closed the file the next question is answered."""
    with treadle_storage.open(place) as store:
        store.version()
        end_owner(place)
        holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", holder, str(place / "treadle.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as foreign:
            assert foreign.stdout is not None
            assert foreign.stdout.readline() == b"held\n"
            with pytest.raises(StoreHeldError, match=rf"PID {foreign.pid}\b"):
                store.sql("select 1")
            foreign.kill()
        assert store.sql("select 1").fetchall() == [(1,)]


def test_a_store_of_a_newer_version_is_left_alone(place: Path) -> None:
    """The error keeps its class on the way from the owner."""
    with duckdb.connect(str(place / "treadle.duckdb")) as newer:
        newer.execute("create table meta as select 'schema_version' as key, '999' as value")
    with treadle_storage.open(place) as store, pytest.raises(StoreVersionError, match="999"):
        store.traces()


def test_a_store_that_is_removed_while_it_is_open_is_said_to_be_gone(place: Path) -> None:
    """Who asks on is told at once, and nothing is made in its place."""
    with treadle_storage.open(place) as store:
        store.traces()
        kill_owner(place)
        shutil.rmtree(place)
        with pytest.raises(NotFoundError, match=r"is gone: it was removed"):
            store.traces()
    assert not place.exists()


def test_a_path_too_long_for_a_socket_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket is then in the runtime directory, the store says where, and any environment finds it."""
    deep = tmp_path / ("d" * 60) / ("e" * 60) / ".treadle"
    with treadle_storage.open(deep, create=True) as store:
        pid = store.status().owner_pid
    try:
        assert not (deep / "owner.sock").exists()
        assert Path((deep / "owner.sock.path").read_text()).is_socket()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        with treadle_storage.open(deep) as store:
            assert store.status().owner_pid == pid
    finally:
        end_owner(deep)


def test_a_runtime_directory_that_others_can_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that someone else prepared is no place for a socket."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "treadle").mkdir(mode=0o755)
    with pytest.raises(StoreError, match="only you can enter"):
        place_of(tmp_path, read_only=True)


def test_it_leaves_when_the_store_is_removed(place: Path) -> None:
    """An owner of a store that is gone does not stay behind, and a new store in its place has a new one."""
    with treadle_storage.open(place) as store:
        pid = store.status().owner_pid
        shutil.rmtree(place)
        wait_until(lambda: not is_running(pid))
        place.mkdir()
        assert store.status().owner_pid != pid


def test_a_hung_owner_is_named(place: Path) -> None:
    """A candidate that waits in vain for the holder of the lock says which process to end."""
    election = elect(place_of(place))
    assert election is not None
    os.pwrite(election.lock_fd, b"4242\n", 0)
    election.listener.close()
    with pytest.raises(StoreError, match="process 4242 owns"):
        elect(place_of(place), patience_s=0.05)
    election.resign()


def test_a_signal_ends_it_in_order(place: Path) -> None:
    """SIGTERM lets the owner close the database: nothing is left in the write-ahead log."""
    with treadle_storage.open(place) as store:
        store.version()
        os.kill(owner_pid(place), signal.SIGTERM)
        wait_until(lambda: not is_owned(place))
    assert not (place / "treadle.duckdb.wal").exists()
    assert "left" in (place / "owner.log").read_text()


def test_a_killed_owner_is_replaced(place: Path) -> None:
    """After `kill -9` the next question starts another, on the same connections."""
    with treadle_storage.open(place) as store:
        assert store.sql("select 1").fetchall() == [(1,)]
        killed = kill_owner(place)
        assert store.sql("select 2").fetchall() == [(2,)]
        assert store.status().owner_pid != killed
