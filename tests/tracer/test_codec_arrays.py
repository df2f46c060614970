"""numpy's arrays and scalars come back; forged ones are refused; a person reads them without numpy."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from treadle.errors import NotReplayableError
from treadle.values import digest, encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()
DTYPES = (
    arrays_of.scalar_dtypes()
    | arrays_of.unicode_string_dtypes(max_len=5)
    | arrays_of.byte_string_dtypes(max_len=5)
    | arrays_of.array_dtypes(arrays_of.scalar_dtypes(), max_size=3, allow_subarrays=True)
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


def tagged(value: Any) -> bytes:
    """Return the value as tagged JSON."""
    encoded = encode(value, REDACTOR)
    assert encoded.why is None
    return encoded.payload


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two arrays are of one type, dtype and shape, and equal to the bit."""
    return (
        type(one) is type(other)
        and (one.dtype, one.shape) == (other.dtype, other.shape)
        and one.tobytes() == other.tobytes()
    )


@given(ARRAYS, st.sampled_from(["as it is", "turned", "every second", "backwards"]))
def test_any_plain_array_comes_back(array: Any, how: str) -> None:
    """Of any dtype and shape, in any order in memory, and it can be looked at."""
    if array.ndim and how != "as it is":
        array = {"turned": array.T, "every second": array[::2], "backwards": array[::-1]}[how]
    payload = tagged(array)
    revived = revive(payload)
    assert is_same(revived, array)
    assert revived.flags.writeable
    assert tagged(revived) == payload
    json.loads(plain(payload))


@given(arrays_of.scalar_dtypes().flatmap(lambda dtype: arrays_of.arrays(dtype, 1)))
def test_any_scalar_comes_back(array: Any) -> None:
    """As a scalar of its own type, not as Python's."""
    assert is_same(revive(tagged(array[0])), array[0])


ODD: dict[str, Any] = {
    "text scalar": np.str_("hé"),
    "bytes scalar": np.bytes_(b"a\0"),
    "empty bytes": np.bytes_(b""),
    "long double": np.longdouble(1) / 3,
    "long doubles": np.ones(3, np.longdouble),
    "objects": np.array([1, None, {"a": (2,)}], dtype=object),
    "padded": np.zeros(2, np.dtype([("a", "i1"), ("b", "f8", (2,))], align=True)),
    "with text": np.array([(1, "x")], dtype=[("a", "i2"), ("b", "U3")]),
    "texts of any length": np.array(["a", "much longer"], dtype=np.dtypes.StringDType()),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_arrays_come_back(name: str) -> None:
    """Objects, texts of any length, gaps between fields, scalars whose bytes end in zeros."""
    revived = revive(tagged(ODD[name]))
    assert (type(revived), revived.dtype, revived.shape) == (type(ODD[name]), ODD[name].dtype, ODD[name].shape)
    assert np.array_equal(revived, ODD[name])


def test_an_array_keeps_its_order_in_memory() -> None:
    """Fortran's stays Fortran's: algorithms are chosen by it."""
    assert revive(tagged(np.asfortranarray(np.ones((2, 3))))).flags.f_contiguous


def test_a_dtype_comes_back() -> None:
    """A structured one too."""
    for dtype in (np.dtype("f4"), np.dtype([("a", "i4"), ("b", "f8")])):
        assert revive(tagged(dtype)) == dtype


def test_gaps_do_not_count() -> None:
    """What lies between the fields of a record by chance makes no other digest."""
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    dirty = np.frombuffer(b"\x01" + b"\xff" * 7 + b"\0" * 8, dtype)
    clean = np.zeros(1, dtype)
    clean["a"] = 1
    assert digest(tagged(dirty)) == digest(tagged(clean))


def test_gaps_inside_records_of_records_do_not_count() -> None:
    """However deep a field with a gap stands, in arrays of it too."""
    inner = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    dtype = np.dtype([("one", inner), ("two", inner, (2,))])
    dirty = np.frombuffer((b"\x01" + b"\xff" * 7 + b"\0" * 8) * 3, dtype)
    clean = np.zeros(1, dtype)
    clean["one"]["a"] = clean["two"]["a"] = 1
    assert digest(tagged(dirty)) == digest(tagged(clean))
    assert digest(tagged(dirty[0])) == digest(tagged(clean[0]))


def test_texts_in_arrays_are_redacted() -> None:
    """An array is no hiding place."""
    key = "sk-proj-" + "a1" * 20
    for array in (np.array([key]), np.array([key], dtype=object), np.array([(key,)], dtype=[("a", "U99")])):
        encoded = encode(array, REDACTOR)
        assert key not in encoded.payload.decode()
        assert "secret" in (encoded.why or "")


def test_an_array_of_objects_says_which_cannot_be_revived() -> None:
    """As a list would."""
    assert encode({"a": np.array([iter([])], dtype=object)}, REDACTOR).why == "a: builtins.list_iterator has no encoder"


ZEROS = "AAAAAAAAAAA="


@pytest.mark.parametrize(
    "forged",
    [
        {"dtype": "<f8", "shape": [2], "v": ZEROS},
        {"dtype": "<f8", "shape": [-1], "v": ZEROS},
        {"dtype": "<f8", "shape": [1 << 60, 1 << 60], "v": ZEROS},
        {"dtype": "<f8", "shape": [1.0], "v": ZEROS},
        {"dtype": "|O", "shape": [1], "v": ZEROS},
        {"dtype": "|V0", "shape": [1 << 40], "v": ""},
        {"dtype": "<U20000000", "shape": [1], "items": ["a"]},
        {"dtype": "|O", "shape": [1 << 40], "items": ["a"]},
        {"dtype": "f8,O", "shape": [1], "v": ZEROS},
        {"dtype": {"fields": [["a", "|O", 0, []]], "size": 8}, "shape": [1], "v": ZEROS},
        {"dtype": {"fields": [["a", "<f8", 0, [1 << 40]]], "size": 8}, "shape": [1], "v": ZEROS},
        {"dtype": {"fields": [["a", "<f8", 4, []]], "size": 8}, "shape": [1], "v": ZEROS},
        {"dtype": "<f8", "shape": [1], "v": {"$": "blob", "of": "bytes", "v": "../../etc/passwd", "size": 8}},
    ],
    ids=str,
)
def test_a_forged_array_is_refused(forged: dict[str, Any]) -> None:
    """Of another size than its bytes, with pointers in it, or larger than what was written can fill."""
    payload = json.dumps({"$": "ndarray", **forged}).encode()
    json.loads(plain(payload))
    with pytest.raises(NotReplayableError):
        revive(payload)


@pytest.mark.parametrize("dtype", ["<f4", "|O", "<U2", "nothing", {"fields": [["a", "|O", 0, []]], "size": 8}], ids=str)
def test_a_forged_scalar_is_refused(dtype: Any) -> None:
    """Of another size than its bytes, or a pointer."""
    payload = json.dumps({"$": "scalar", "dtype": dtype, "v": ZEROS}).encode()
    json.loads(plain(payload))
    with pytest.raises(NotReplayableError):
        revive(payload)


SHOWN: list[tuple[Any, Any]] = [
    (np.arange(6).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
    (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
    (np.array(5), 5),
    (np.zeros((0, 3)), []),
    (np.zeros((3, 0)), []),
    (np.array([True, False]), [True, False]),
    (np.array([1.5, np.nan], dtype=">f2"), [1.5, "nan"]),
    (np.array([1 + 2j]), [[1, 2]]),
    (np.array([b"ab"]), ["ab"]),
    (np.array(["2024-01-01T10:00:00.5", "NaT"], dtype="M8[ms]"), ["2024-01-01T10:00:00.500", None]),
    (np.array([3], dtype="m8[D]"), ["3 D"]),
    (np.array([(1, [2.5, 3])], dtype=[("a", "i2"), ("b", "f8", (2,))]), [{"a": 1, "b": [2.5, 3]}]),
    (np.array([(1, "x")], dtype=[("a", "i2"), ("b", "U3")]), [{"a": 1, "b": "x"}]),
    (np.float64(0.5), 0.5),
    (np.str_("é"), "é"),
    (np.bytes_(b"b"), "b"),
    (np.datetime64("2024-01-01"), "2024-01-01T00:00:00"),
    (np.arange(2000), {"dtype": "<i8", "shape": [2000], "first": list(range(10))}),
]


@pytest.mark.parametrize(("value", "shown"), SHOWN, ids=lambda value: str(value)[:20])
def test_a_person_reads_numbers(value: Any, shown: Any) -> None:
    """Nested lists where it is small, else what it is and how it begins."""
    assert json.loads(plain(tagged(value))) == shown


def test_looking_needs_no_numpy() -> None:
    """The viewer imports nothing but the standard library and orjson."""
    source = (
        "import sys\nfrom treadle.values.view import plain\nprint(plain(sys.argv[1].encode()).decode())\n"
        "print([name for name in ('numpy', 'pandas', 'PIL') if name in sys.modules])"
    )
    command = [sys.executable, "-c", source, tagged(np.arange(2)).decode()]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[0,1]\n[]\n"
