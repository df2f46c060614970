"""Looking at a forged payload takes little time and room: it stops no index and no screen."""

import json
import tracemalloc
from base64 import b64encode
from typing import Any

import orjson
import pytest

from treadle.values import plain

MOST_BYTES = 200_000_000
"""Of memory: what is shown may be some times what is at hand, not any number of times."""
COUNT = {"$": "ndarray", "dtype": "|i1", "shape": [2], "v": "AAA="}


def shown(tree: Any, **options: Any) -> bytes:
    """Return how a tree reads, made within bounds."""
    tagged = orjson.dumps(tree)
    tracemalloc.start()
    try:
        read = plain(tagged, **options)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    return read


def nested_dtype(depth: int, *, sides: int) -> Any:
    """Return a dtype of records whose every level claims more items than fit."""
    dtype: Any = "|u1"
    for _ in range(depth):
        dtype = {"fields": [["a", dtype, 0, [sides]]], "size": 1}
    return dtype


def array(dtype: Any, count: int, data: bytes) -> dict[str, Any]:
    """Return the tree of an array."""
    return {"$": "ndarray", "dtype": dtype, "shape": [count], "v": b64encode(data).decode()}


def frame(column: Any, **more: Any) -> dict[str, Any]:
    """Return the tree of a frame of a hundred rows."""
    index = {"$": "pandas", "type": "RangeIndex", "v": [0, 100, 1], "name": None}
    names = {"$": "pandas", "type": "strings", "v": ["a"]}
    return {"$": "pandas", "type": "DataFrame", "rows": 100, "index": index, "columns": names, "v": [column], **more}


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_items_that_do_not_lie_within_their_record_are_not_shown(depth: int) -> None:
    """Each level would multiply them."""
    assert shown(array(nested_dtype(depth, sides=60), 60, bytes(60))) == b'"<ndarray that cannot be shown>"'


@pytest.mark.parametrize("offset", [-1, 1, 2**40])
def test_a_field_that_does_not_lie_within_its_record_is_not_shown(offset: int) -> None:
    """Nor what lies beside it."""
    dtype = {"fields": [["a", "|u1", offset, []]], "size": 1}
    assert b"cannot be shown" in shown(array(dtype, 3, bytes(3)))


def test_fields_that_lie_on_each_other_have_one_budget() -> None:
    """A thousand fields may each show all of the bytes."""
    data = bytes(100_000)
    dtype = {"fields": [[f"f{n}", "|V100000", 0, []] for n in range(1_000)], "size": len(data)}
    assert b"cannot be shown" in shown(array(dtype, 1, data))


def test_a_long_name_of_a_field_is_not_repeated_without_end() -> None:
    """Nor a unit of time, which each element would show."""
    long = "n" * 200_000
    dtype = {"fields": [[long, "|u1", 0, []]], "size": 1}
    items = {**array(dtype, 1_000, b""), "items": [[1]] * 1_000}
    for tree in (array(dtype, 1_000, bytes(1_000)), items, array(f"<m8[{long}]", 1_000, bytes(8_000))):
        assert len(shown(tree)) < 2_000_000


def test_tables_in_tables_do_not_multiply() -> None:
    """Each is a column of the next, and so stands in each of its rows."""
    tree: Any = "x" * 50
    for _ in range(12):
        tree = frame(tree if isinstance(tree, dict) else {"$": "secret", "v": tree})
    assert len(shown(tree)) < 1_000_000


def test_labels_of_tables_do_not_multiply() -> None:
    """Two rows of one category show it twice, and it may be a table of two such rows."""
    held: Any = "x"
    for _ in range(25):
        category = {"$": "ndarray", "dtype": "|O", "shape": [1], "items": [held]}
        held = {**frame({"$": "pandas", "type": "Categorical", "v": COUNT, "categories": category}), "rows": 2}
    assert len(shown(held)) < 1_000_000


def test_a_key_in_a_key_is_not_escaped_without_end() -> None:
    """Each level doubles the quotes and backslashes of the one inside it."""
    tree: Any = "k"
    for _ in range(40):
        tree = {"$": "dict", "v": [[tree if isinstance(tree, dict) else {"$": "tuple", "v": [tree]}, 1]]}
    assert len(shown(tree)) < 1_000_000


def test_a_blob_is_not_read_without_end() -> None:
    """Its name may stand in a payload any number of times."""
    node = {"$": "blob", "of": "str", "v": "ab" * 16, "size": 1 << 24}
    read: list[str] = []

    def load(name: str) -> bytes:
        read.append(name)
        return bytes(1 << 24)

    arrays = [{**array("|u1", 1 << 24, b""), "v": {**node, "of": "bytes"}}] * 1_000
    plain(orjson.dumps(arrays), load=load)
    assert len(read) <= 8


def test_many_ranges_have_one_budget() -> None:
    """The labels up to the one that is shown are made."""
    label = {"$": "pandas", "type": "RangeIndex", "v": [0, 10**9, 1], "name": None}
    code = {"$": "ndarray", "dtype": "<i4", "shape": [1], "v": b64encode((99_999).to_bytes(4, "little")).decode()}
    tree = [{"$": "pandas", "type": "Categorical", "v": code, "categories": label, "ordered": False}] * 100
    assert b"cannot be shown" in shown(tree)


@pytest.mark.parametrize(
    "tagged",
    [
        b'{"$":"tuple","v":[' * 450 + b"1" + b"]}" * 450,
        b'{"$":"ndarray","dtype":"|u1","v":"AA==","shape":[' + b"1," * 2_000 + b"1]}",
        b'{"$":"pandas","type":"RangeIndex","v":[9223372036854775807,18446744073709551615,9223372036854775807]}',
    ],
)
def test_what_is_too_deep_or_too_large_is_said(tagged: bytes) -> None:
    """It raises nothing."""
    json.loads(plain(tagged))


def test_columns_of_one_name_are_told_apart_in_one_look() -> None:
    """A frame may have very many."""
    names = {"$": "pandas", "type": "strings", "v": ["a"] * 20_000}
    tree = frame(None, columns=names, v=[{"$": "secret", "v": "x"}] * 20_000, rows=1)
    (row,) = json.loads(plain(orjson.dumps(tree)))
    assert len(row) == 20_000
