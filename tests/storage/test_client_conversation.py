"""What the owner says to clients, good and bad ones, over its socket."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

import treadle_storage
from owners import is_owned
from storage.journals import JournalWriter, write_example
from treadle.errors import QueryError, StoreError
from treadle_storage import starting
from treadle_storage.connection import Connection
from treadle_storage.conversation import Conversation, Desk
from treadle_storage.protocol import PROTOCOL, Frame, error_from
from treadle_storage.store import Store
from treadle_storage.watchdog import Watch, Watchdog
from waiting import wait_until

ENDLESS = "select count(*) from range(100000000) a(i), range(100000000) b(j) where (i * j) % 7 = 3"


def raw_client(store: Path, *, hello: int = PROTOCOL) -> tuple[Connection, Frame]:
    """Return a connection that speaks the protocol by hand, and the answer to its hello."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(store / "owner.sock"))
    connection = Connection(sock)
    connection.send("hello", protocol=hello, pid=os.getpid())
    return connection, connection.receive()


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
        assert "question cannot be None" in str(error_from(connection.receive().header))
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
