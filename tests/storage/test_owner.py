"""The owner process: one a store, started on demand, gone when it is not needed, replaced when it dies."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from journals import JournalWriter, write_example

import treadle_storage
from owners import end_owner, is_owned, kill_owner, owner_pid
from treadle.errors import QueryError, StoreError, StoreHeldError, StoreVersionError
from treadle_storage import starting
from treadle_storage.connection import Connection
from treadle_storage.conversation import Conversation, Desk
from treadle_storage.election import elect
from treadle_storage.place import place_of
from treadle_storage.protocol import PROTOCOL, Frame, error_from
from treadle_storage.store import Store
from treadle_storage.watchdog import Watch, Watchdog
from waiting import wait_until

ENDLESS = "select count(*) from range(100000000) a(i), range(100000000) b(j) where (i * j) % 7 = 3"
OWNER = [sys.executable, "-P", "-m", "treadle_storage.owner"]


@pytest.fixture
def place(store: Path) -> Iterator[Path]:
    """Return an empty store, whose owner ends with the test."""
    store.mkdir()
    yield store
    end_owner(store)


def raw_client(store: Path, *, hello: int = PROTOCOL) -> tuple[Connection, Frame]:
    """Return a connection that speaks the protocol by hand, and the answer to its hello."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(store / "owner.sock"))
    connection = Connection(sock)
    connection.send("hello", protocol=hello, pid=os.getpid())
    return connection, connection.receive()


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


def test_another_user_is_refused() -> None:
    """A peer with another uid gets an error and no answers."""

    class StrangersConnection(Connection):
        def peer_uid(self) -> int:
            return os.geteuid() + 1

    near, far = socket.socketpair()
    desk = Desk(
        index=None,  # type: ignore[arg-type]
        watchdog=Watchdog(),
        store="/s",
        version=lambda: 1,
        catch_up=lambda *_: None,
        status=dict,
        has_one_client=lambda: True,
        leave=lambda: None,
    )
    client = Connection(far)
    client.send("hello", protocol=PROTOCOL, pid=1)
    Conversation(StrangersConnection(near), desk).run()
    refusal = client.receive().header
    assert refusal["error"] == "StoreError"
    assert "its own user only" in refusal["message"]
    client.close()


def test_an_owner_of_another_user_is_not_trusted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client checks who is behind the socket before it says anything."""
    monkeypatch.setattr(Connection, "peer_uid", lambda _: os.geteuid() + 1)
    with treadle_storage.open(place) as store, pytest.raises(StoreError, match="not trusted"):
        store.version()


def test_versions_that_differ_are_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of another protocol is told both versions, while a client that fits keeps the owner."""
    with treadle_storage.open(place) as store:
        pid = store.status().owner_pid
        with monkeypatch.context() as patch:
            patch.setattr(starting, "PROTOCOL", PROTOCOL + 1)
            with Store(place) as newer, pytest.raises(StoreError, match="two versions of Treadle") as caught:
                newer.version()
        assert f"speaks protocol {PROTOCOL} and this program {PROTOCOL + 1}" in str(caught.value)
        assert store.status().owner_pid == pid


def test_an_idle_owner_makes_room_for_another_version(place: Path) -> None:
    """An owner that nobody else uses leaves when a client of another version comes."""
    with treadle_storage.open(place) as store:
        assert store.status().clients == 1
    wait_until(lambda: only_client_leaves(place))
    wait_until(lambda: not is_owned(place))


def is_running(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def only_client_leaves(store: Path) -> bool:
    """Say hello in another version; tell whether the owner is leaving because of it."""
    connection, answer = raw_client(store, hello=PROTOCOL + 1)
    connection.close()
    return bool(answer.header["leaving"])


def test_junk_on_the_socket_harms_nobody(place: Path) -> None:
    """A client that talks nonsense is cut off, the others go on."""
    with treadle_storage.open(place) as store:
        pid = store.status().owner_pid
        with socket.socket(socket.AF_UNIX) as junk:
            junk.connect(str(place / "owner.sock"))
            junk.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert junk.recv(100) == b""
        connection, _ = raw_client(place)
        connection.send("dance")
        assert "dance" in str(error_from(connection.receive().header))
        connection.send("ask")
        assert "owner.log" in str(error_from(connection.receive().header))
        connection.close()
        assert store.status().owner_pid == pid


def test_a_cancel_stops_a_query(place: Path) -> None:
    """`cancel` ends the running query as an error, and the connection can be used again."""
    with treadle_storage.open(place) as store:
        store.version()
    connection, _ = raw_client(place)
    connection.send("sql", query=ENDLESS, timeout_s=60)
    connection.send("cancel")
    error = error_from(connection.receive().header)
    assert (type(error), str(error)) == (QueryError, "the query was cancelled")
    connection.send("sql", query="select 7 as n", timeout_s=60)
    answer = connection.receive()
    assert answer.columns is not None
    assert answer.columns.rows() == [(7,)]
    connection.close()


def test_a_client_that_goes_away_frees_its_query(place: Path) -> None:
    """Nothing runs on for a client that has gone."""
    with treadle_storage.open(place) as store:
        store.version()
        connection, _ = raw_client(place)
        connection.send("sql", query=ENDLESS, timeout_s=600)
        wait_until(lambda: store.status().clients == 2)
        connection.close()
        wait_until(lambda: store.status().clients == 1)


def test_a_client_that_does_not_read_holds_up_nobody(place: Path) -> None:
    """While one client leaves a large answer lying, others are answered and journals indexed."""
    with treadle_storage.open(place) as store:
        store.version()
        idle, _ = raw_client(place)
        idle.send("sql", query="select repeat('x', 10000) || i as x from range(100000) t(i)", timeout_s=60)
        wait_until(lambda: store.status().clients == 2)
        with JournalWriter(place) as writer:
            write_example(writer)
        assert store.sql("select count(*) from spans").fetchall() == [(4,)]
        idle.close()


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


def test_time_with_a_slow_client_does_not_count() -> None:
    """A watch is late by the time in the database, and stays late."""
    watch = Watch(3600)
    with watch.running():
        assert watch.reason() is None
    assert not watch.is_due()
    late = Watch(0)
    with late.running():
        assert late.is_due()
    assert "after 0 s" in str(late.reason())


def test_a_cancelled_query_does_not_begin() -> None:
    """A cancel that is quicker than the query is not lost."""
    watchdog, watch = Watchdog(), Watch(None)
    watch.cancel()
    with pytest.raises(QueryError, match="cancelled"), watchdog.over(watch, None):  # type: ignore[arg-type]
        pytest.fail("began")
