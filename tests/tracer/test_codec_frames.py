"""pandas' frames, series, indexes and scalars come back; a person reads rows."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from treadle.errors import NotReplayableError
from treadle.values import encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()


def table() -> pd.DataFrame:
    """Return a frame with a column of each kind."""
    return pd.DataFrame(
        {
            "int": [1, 2, 3],
            "float": [1.5, np.nan, 3],
            "text": ["a", None, "c"],
            "zoned": pd.date_range("2024-10-27", periods=3, freq="h", tz="Europe/Berlin"),
            "naive": pd.date_range("2024", periods=3),
            "span": pd.to_timedelta([1, 2, 3], unit="h"),
            "kind": pd.Categorical(["x", None, "x"], categories=["y", "x"], ordered=True),
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "perhaps": pd.array([True, None, False], dtype="boolean"),
            "share": pd.array([0.5, None, 1], dtype="Float32"),
            "string": pd.array(["a", None, "b"], dtype="string"),
            "object": [{"a": 1}, (1, 2), None],
        }
    )


FRAMES: dict[str, pd.DataFrame] = {
    "each kind of column": table(),
    "index of times": table().set_index("naive").asfreq("D"),
    "index of zoned times": table().set_index("zoned"),
    "index of several": table().set_index(["kind", "int"]),
    "named index": table().rename_axis("row"),
    "part": table().iloc[1:],
    "no rows": table().iloc[:0],
    "nothing": pd.DataFrame(),
    "no columns": pd.DataFrame(index=["a", "b"]),
    "columns of one name": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "columns of numbers": pd.DataFrame(np.eye(2)),
    "columns of several": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
    "texts as objects": pd.DataFrame({"a": pd.Series(["x", "y"], dtype=object)}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back(name: str) -> None:
    """With its index, columns and dtypes, and the program's own is not changed."""
    frame = FRAMES[name]
    before = frame.copy(deep=True)
    encoded = encode({"frame": frame}, REDACTOR)
    assert encoded.why is None
    revived = revive(encoded.payload)["frame"]
    assert type(revived) is pd.DataFrame
    pd.testing.assert_frame_equal(revived, before, check_freq=True)
    pd.testing.assert_frame_equal(frame, before)
    assert encode({"frame": revived}, REDACTOR).payload == encoded.payload


@pytest.mark.parametrize("name", table().columns)
def test_a_series_comes_back(name: str) -> None:
    """Of each kind, with its name and index."""
    series = table().set_index("int", drop=False)[name]
    revived = revive(encode(series, REDACTOR).payload)
    assert type(revived) is pd.Series
    pd.testing.assert_series_equal(revived, series)


SCALARS = [
    pd.Timestamp("2024-10-27 02:30").tz_localize("Europe/Berlin", ambiguous=False),
    pd.Timestamp("2024-01-01 10:00:00.123456789"),
    pd.Timedelta("3h"),
    pd.NaT,
    pd.NA,
]


@pytest.mark.parametrize("value", SCALARS, ids=str)
def test_scalars_come_back(value: Any) -> None:
    """Moments with their zone and unit, and both ways of saying that there is none."""
    revived = revive(encode([value], REDACTOR).payload)[0]
    assert type(revived) is type(value)
    assert revived is value or (revived == value and revived.unit == value.unit)
    if isinstance(value, pd.Timestamp):
        assert str(revived.tz) == str(value.tz)


INDEXES = [pd.Index(["a"], name="q"), pd.date_range("2024", periods=3, freq="D"), pd.RangeIndex(3), pd.Index([1, "a"])]


@pytest.mark.parametrize("value", INDEXES, ids=lambda index: type(index).__name__)
def test_indexes_and_arrays_come_back(value: Any) -> None:
    """By themselves."""
    pd.testing.assert_index_equal(revive(encode(value, REDACTOR).payload), value)
    array = pd.array([1, None], dtype="Int8")
    pd.testing.assert_extension_array_equal(revive(encode(array, REDACTOR).payload), array)


def test_notes_on_a_frame_come_back() -> None:
    """What stands in its `attrs`."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["source"] = ("file", 1)
    assert revive(encode(frame, REDACTOR).payload).attrs == {"source": ("file", 1)}


def test_a_column_that_cannot_be_revived_is_named() -> None:
    """The rest can be looked at."""
    frame = pd.DataFrame({"period": pd.period_range("2024", periods=1, freq="D"), "n": [1]})
    encoded = encode({"frame": frame}, REDACTOR)
    assert encoded.why == "frame.column period: pandas.arrays.PeriodArray has no encoder"
    assert json.loads(plain(encoded.payload))["frame"][0]["n"] == 1
    with pytest.raises(NotReplayableError, match="PeriodArray"):
        revive(encoded.payload)


def test_secrets_leave_frames_too() -> None:
    """By the name of the column, and by their shape."""
    key = "sk-proj-" + "a1" * 20
    encoded = encode(pd.DataFrame({"password": ["hunter2hunter2"], "text": [key], "max_tokens": [3]}), REDACTOR)
    assert "hunter2" not in encoded.payload.decode()
    assert key not in encoded.payload.decode()
    assert json.loads(plain(encoded.payload)) == [{"password": "…", "text": "sk-…", "max_tokens": 3}]


def test_a_person_reads_rows() -> None:
    """One object a row, what is missing as null, moments in UTC."""
    rows = json.loads(plain(encode(table(), REDACTOR).payload))
    assert rows[1] == {
        "int": 2, "float": "nan", "text": None, "zoned": "2024-10-26T23:00:00Z", "naive": "2024-01-02T00:00:00",
        "span": rows[1]["span"], "kind": None, "maybe": None, "perhaps": None, "share": None, "string": None,
        "object": [1, 2],
    }  # fmt: skip
    labelled = json.loads(plain(encode(pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), REDACTOR).payload))
    assert labelled == [{"index": "x", "a": 1}, {"index": "y", "a": 2}]
    several = json.loads(plain(encode(table().set_index(["kind", "int"])[["float"]], REDACTOR).payload))
    assert several[0] == {"index": ["x", 1], "float": 1.5}


def test_a_person_reads_series_and_indexes() -> None:
    """Values, with their labels where these are more than numbers; of a long one the beginning."""
    assert json.loads(plain(encode(pd.Series([1, 2]), REDACTOR).payload)) == [1, 2]
    assert json.loads(plain(encode(pd.Series([1], index=["x"]), REDACTOR).payload)) == [{"index": "x", "value": 1}]
    assert json.loads(plain(encode(pd.Index(["a"]), REDACTOR).payload)) == ["a"]
    assert json.loads(plain(encode([pd.Timestamp("2024", tz="UTC"), pd.NaT], REDACTOR).payload)) == [
        "2024-01-01T00:00:00Z",
        None,
    ]
    for long in (pd.DataFrame({"a": range(1234)}), pd.Series(range(1234))):
        shown = json.loads(plain(encode(long, REDACTOR).payload))
        assert (len(shown), shown[100][:7]) == (101, "… (1,23")


@pytest.mark.parametrize(
    "forged",
    [
        {"type": "read_pickle", "v": "x"},
        {"type": "masked", "dtype": "object", "v": [], "mask": []},
        {"type": "DataFrame", "rows": 9, "index": {"$": "pandas", "type": "RangeIndex", "v": [0, 9, 1], "name": None},
         "columns": {"$": "pandas", "type": "RangeIndex", "v": [0, 1, 1], "name": None},
         "v": [{"$": "ndarray", "dtype": "<f8", "shape": [1], "v": "AAAAAAAAAAA="}]},
        {"type": "RangeIndex", "v": ["a"], "name": None},
        {"type": "strings", "storage": "elsewhere", "nan": True, "v": []},
    ],
    ids=lambda forged: forged["type"],
)  # fmt: skip
def test_a_forged_frame_is_refused(forged: dict[str, Any]) -> None:
    """Columns of another length, kinds that are none, functions of pandas' under the name of a type."""
    payload = json.dumps({"$": "pandas", **forged}).encode()
    json.loads(plain(payload))
    with pytest.raises(NotReplayableError):
        revive(payload)
