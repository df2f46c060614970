"""Frames cross a socket unchanged, and what is not a frame is refused."""

import json
import os
import socket
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import NotFoundError, StoreError, StoreVersionError
from treadle_storage import protocol
from treadle_storage.columns import NUMBERS, TIMESTAMPS, Columns
from treadle_storage.connection import Connection
from treadle_storage.protocol import PREFIX, Frame, decode_frame, decode_prefix, encode_frame

INTEGERS = {name: np.iinfo(dtype) for name, dtype in NUMBERS.items() if np.dtype(dtype).kind in "iu"}


def cells_of_type(type_name: str) -> st.SearchStrategy[object]:
    """Any value that a column of this type may hold."""
    if type_name in INTEGERS:
        return st.integers(int(INTEGERS[type_name].min), int(INTEGERS[type_name].max))
    if type_name in TIMESTAMPS:
        return st.integers(-(2**63) + 1, 2**63 - 1)
    if type_name == "BOOLEAN":
        return st.booleans()
    if type_name in {"FLOAT", "DOUBLE"}:
        return st.floats(width=32 if type_name == "FLOAT" else 64)
    if type_name == "BLOB":
        return st.binary(max_size=20)
    return st.text(st.characters(), max_size=20)  # surrogates too


TYPE_NAMES = st.sampled_from([*NUMBERS, *TIMESTAMPS, "VARCHAR", "BLOB"])


@st.composite
def any_columns(draw: st.DrawFn) -> Columns:
    """Columns of any types, names and length, with nulls."""
    names = draw(st.lists(st.text(max_size=8), max_size=4))
    types = [draw(TYPE_NAMES) for _ in names]
    rows = st.tuples(*(st.none() | cells_of_type(type_name) for type_name in types))
    return Columns.from_rows(names, types, draw(st.lists(rows, max_size=20)))


def over_the_wire(frame: Frame) -> Frame:
    """Encode and decode a frame."""
    whole = b"".join(encode_frame(frame))
    header_bytes, body_bytes = decode_prefix(whole[: PREFIX.size])
    assert len(whole) == PREFIX.size + header_bytes + body_bytes
    body_at = PREFIX.size + header_bytes
    return decode_frame(whole[PREFIX.size : body_at], whole[body_at:])


@given(any_columns())
def test_columns_come_back_as_they_were(columns: Columns) -> None:
    """Names, types, numbers to the bit, texts, bytes and nulls survive the wire."""
    back = over_the_wire(Frame({"op": "answer"}, columns)).columns
    assert back is not None
    assert (back.names, back.types, len(back)) == (columns.names, columns.types, len(columns))
    for before, after in zip(columns.columns, back.columns, strict=True):
        assert after.values.tobytes() == before.values.tobytes()
        assert after.values.dtype == before.values.dtype
        assert after.dictionary == before.dictionary
        assert (after.nulls is None) == (before.nulls is None)
        assert after.nulls is None or after.nulls.tolist() == before.nulls.tolist()


@given(st.dictionaries(st.text(string.ascii_lowercase, min_size=1), st.integers() | st.text() | st.none()))
def test_headers_come_back_as_they_were(fields: dict[str, object]) -> None:
    """A header without columns survives the wire."""
    header = {"op": "ask", "args": fields}
    assert over_the_wire(Frame(header)) == Frame(header)


@given(st.binary(min_size=PREFIX.size, max_size=PREFIX.size))
def test_junk_is_refused(prefix: bytes) -> None:
    """What does not begin like a frame is a StoreError, and allocates nothing."""
    if not prefix.startswith(b"TRDL"):
        with pytest.raises(StoreError, match="protocol"):
            decode_prefix(prefix)


@given(any_columns(), st.data())
def test_a_damaged_frame_is_a_store_error(columns: Columns, data: st.DataObject) -> None:
    """Bytes cut off or turned over give the frame, a different one, or a StoreError; nothing else."""
    whole = bytearray(b"".join(encode_frame(Frame({"op": "answer"}, columns))))
    header_bytes, _ = decode_prefix(bytes(whole[: PREFIX.size]))
    payload = whole[PREFIX.size :]
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    del payload[data.draw(st.integers(header_bytes, len(payload))) :]
    try:
        decode_frame(payload[:header_bytes], payload[header_bytes:])
    except StoreError:
        return


def test_sizes_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame over the limit is refused at both ends, and says what to do."""
    monkeypatch.setattr(protocol, "MAX_BODY_BYTES", 1000)
    columns = Columns.from_arrays({"n": np.zeros(1000, dtype=np.int64)})
    with pytest.raises(StoreError, match=r"8,000 bytes.*fewer rows"):
        encode_frame(Frame({"op": "answer"}, columns))
    with pytest.raises(StoreError, match="the limit is 1,000"):
        decode_prefix(PREFIX.pack(b"TRDL", 10, 8000))
    with pytest.raises(StoreError, match="header would be"):
        decode_prefix(PREFIX.pack(b"TRDL", 2**31, 0))


@pytest.mark.parametrize("error", [NotFoundError("no trace 'ab'"), StoreVersionError("newer"), StoreError("é")])
def test_errors_keep_their_class_and_message(error: StoreError) -> None:
    """An error crosses the wire as itself."""
    back = protocol.error_from(over_the_wire(Frame(protocol.error_header(error))).header)
    assert (type(back), str(back)) == (type(error), str(error))


@pytest.mark.parametrize("name", ["SystemExit", "annotations", "Nope", "KeyError"])
def test_only_errors_of_ours_are_raised(name: str) -> None:
    """A class that is not one of Treadle's errors becomes a StoreError."""
    assert type(protocol.error_from({"error": name, "message": "m"})) is StoreError


def test_a_connection_carries_frames_and_ends() -> None:
    """Frames arrive in order, also large ones, and a peer that goes is a ConnectionError."""
    left, right = (Connection(end) for end in socket.socketpair())
    columns = Columns.from_arrays({"n": np.arange(3000, dtype=np.int32), "s": [str(i) for i in range(3000)]})
    left.send("answer", columns=columns)
    left.send("done")
    received = right.receive()
    assert received.columns is not None
    assert received.columns.rows() == columns.rows()
    assert right.receive().header == {"op": "done"}
    left.close()
    with pytest.raises(ConnectionError):
        right.receive()
    right.close()


def test_the_peers_user_is_known() -> None:
    """The kernel says who is at the other end."""
    left, right = socket.socketpair()
    with left, right:
        assert Connection(left).peer_uid() == os.getuid()


def test_headers_are_plain_ascii_json() -> None:
    """The header can be read by eye, whatever the text in it."""
    prefix, header = encode_frame(Frame({"op": "sql", "query": "select '🧵'"}))
    assert decode_prefix(bytes(prefix)) == (len(header), 0)
    assert json.loads(bytes(header).decode("ascii"))["query"] == "select '🧵'"
