"""pandas' frames, series, indexes and their arrays, to tagged JSON and back: column by column.

pandas is never imported in the traced program: where it is not loaded there are no frames.
"""

import importlib
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from treadle.errors import NotReplayableError
from treadle.values.array_texts import NUMBER_KINDS
from treadle.values.classes import held_by
from treadle.values.encoders import TAG, Encoder
from treadle.values.limits import MOST_VALUES
from treadle.values.redact import is_secret_name

if TYPE_CHECKING:
    from treadle.values.revive import Reviver
    from treadle.values.walk import Walk

MASKED_DTYPE = re.compile(r"U?Int(8|16|32|64)|Float(32|64)|boolean")
_ARRAYS = {
    "NumpyExtensionArray": "plain",
    "TimedeltaArray": "plain",
    "DatetimeArray": "dates",
    "StringArray": "strings",
    "ArrowStringArray": "strings",
    "IntegerArray": "masked",
    "FloatingArray": "masked",
    "BooleanArray": "masked",
}
FREQUENT = ("DatetimeIndex", "TimedeltaIndex")


def shape_of(cls: type) -> str | None:
    """Return how a class of pandas' is taken apart, by its name; None for any other."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not {"DataFrame", "arrays"} <= held_by(pandas).keys():
        return None
    return _shapes(pandas).get(cls)


@lru_cache(maxsize=1)
def _shapes(pandas: Any) -> dict[type, str]:
    names = ("DataFrame", "Series", "RangeIndex", "MultiIndex", "Categorical", "Timestamp", "Timedelta")
    shapes: dict[type, str] = {getattr(pandas, name): f"pandas.{name}" for name in names}
    shapes |= {type(pandas.NaT): "pandas.NaT", type(pandas.NA): "pandas.NA"}
    for name in ("Index", "CategoricalIndex", *FREQUENT):
        shapes[getattr(pandas, name)] = "pandas.Index"
    for name, shape in _ARRAYS.items():
        if (cls := getattr(pandas.arrays, name, None)) is not None:
            shapes[cls] = f"pandas.{shape}"
    return shapes


def _tree(kind: str, **held: Any) -> dict[str, Any]:
    return {TAG: "pandas", "type": kind, **held}


def _frame(walk: "Walk", value: Any) -> Any:
    rows, columns = value.shape
    if rows * columns > MOST_VALUES or walk.is_too_many(columns):
        return walk.cut(value, f"{rows:,} rows of {columns:,} columns")
    index, names = walk.child("index", value.index), walk.child("columns", value.columns)
    held = [_column(walk, value.columns[n], value.iloc[:, n].array) for n in range(columns)]
    return _tree("DataFrame", rows=rows, index=index, columns=names, v=held, **_notes(walk, value))


def _series(walk: "Walk", value: Any) -> Any:
    index, name = walk.child("index", value.index), walk.child("name", value.name)
    return _tree(
        "Series",
        rows=len(value),
        index=index,
        name=name,
        v=_column(walk, value.name, value.array),
        **_notes(walk, value),
    )


def _notes(walk: "Walk", value: Any) -> dict[str, Any]:
    return {"attrs": walk.child("attrs", dict(value.attrs))} if value.attrs else {}


def _column(walk: "Walk", name: Any, held: Any) -> Any:
    return _under(walk, name, f"column {name}" if type(name) in (str, int) else "column", held)


def _under(walk: "Walk", name: Any, where: str, held: Any) -> Any:
    """Return the tree of a column or a level, whose name may say that it is secret."""
    if isinstance(name, str) and is_secret_name(name) and held.dtype.kind not in NUMBER_KINDS:
        walk.refuse(f"{name}: a secret, which was not recorded")
        return {TAG: "secret", "v": "…"}
    return walk.child(where, held)


def _range(walk: "Walk", value: Any) -> Any:
    return _tree("RangeIndex", v=[value.start, value.stop, value.step], name=walk.child("name", value.name))


def _multi_index(walk: "Walk", value: Any) -> Any:
    return _tree(
        "MultiIndex",
        v=[_under(walk, name, "level", level) for name, level in zip(value.names, value.levels, strict=True)],
        codes=walk.items(code.astype("int64") for code in value.codes),
        names=walk.items(value.names),
    )


def _index(walk: "Walk", value: Any) -> Any:
    tree = _tree("Index", v=_under(walk, value.name, "index", value.array), name=walk.child("name", value.name))
    frequency = getattr(value, "freqstr", None)
    return {**tree, "freq": frequency} if frequency else tree


def _plain(walk: "Walk", value: Any) -> Any:
    return walk.tree(value.to_numpy())


def _dates(walk: "Walk", value: Any) -> Any:
    if value.tz is None:
        return walk.tree(value.to_numpy())
    utc = value.tz_convert("UTC").tz_localize(None).to_numpy()
    return _tree("dates", v=walk.tree(utc), zone=walk.child("zone", value.tz))


def _masked(walk: "Walk", value: Any) -> Any:
    numbers = value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=0)
    return _tree("masked", dtype=str(value.dtype), v=walk.tree(numbers), mask=walk.tree(value.isna()))


def _strings(walk: "Walk", value: Any) -> Any:
    if walk.is_too_many(len(value)):
        return walk.cut(value, f"{len(value):,} texts")
    missing = value.isna()
    texts = value.to_numpy(dtype=object)
    items = walk.items(None if gone else text for text, gone in zip(texts, missing, strict=True))
    na = getattr(value.dtype, "na_value", None)
    is_nan = isinstance(na, float)
    return _tree("strings", storage=value.dtype.storage, nan=is_nan, v=items)


def _categorical(walk: "Walk", value: Any) -> Any:
    codes = walk.tree(value.codes.copy())
    return _tree("Categorical", v=codes, categories=walk.child("categories", value.categories), ordered=value.ordered)


def _timestamp(walk: "Walk", value: Any) -> Any:
    return _tree("Timestamp", v=walk.tree(value.to_datetime64()), zone=walk.child("zone", value.tzinfo))


ENCODERS: dict[str, Encoder] = {
    "pandas.DataFrame": _frame,
    "pandas.Series": _series,
    "pandas.RangeIndex": _range,
    "pandas.MultiIndex": _multi_index,
    "pandas.Index": _index,
    "pandas.plain": _plain,
    "pandas.dates": _dates,
    "pandas.masked": _masked,
    "pandas.strings": _strings,
    "pandas.Categorical": _categorical,
    "pandas.Timestamp": _timestamp,
    "pandas.Timedelta": lambda walk, value: _tree("Timedelta", v=walk.tree(value.to_timedelta64())),
    "pandas.NaT": lambda _walk, _value: _tree("NaT", v=None),
    "pandas.NA": lambda _walk, _value: _tree("NA", v=None),
}


def revive_pandas(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return what a tree of pandas' holds.

    Raises:
        NotReplayableError: it is of a kind that is not built.

    """
    builder = _BUILDERS.get(tree["type"])
    if builder is None:
        raise NotReplayableError(f"a recorded {tree['type']!r} of pandas is not built")
    return builder(importlib.import_module("pandas"), reviver, tree)


def _revived_frame(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    index, columns = reviver.value(tree["index"]), reviver.value(tree["columns"])
    held = [reviver.value(column) for column in tree["v"]]
    if len(held) != len(columns) or any(len(column) != len(index) for column in held):
        raise NotReplayableError("a recorded DataFrame whose columns are not of one length")
    series = {n: pandas.Series(column, index=index, dtype=column.dtype, copy=False) for n, column in enumerate(held)}
    frame = pandas.DataFrame(series, index=index)
    frame.columns = columns
    frame.attrs.update(reviver.value(tree.get("attrs", {})))
    return frame


def _revived_series(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    index, held = reviver.value(tree["index"]), reviver.value(tree["v"])
    series = pandas.Series(held, index=index, dtype=held.dtype, name=reviver.value(tree["name"]), copy=False)
    series.attrs.update(reviver.value(tree.get("attrs", {})))
    return series


def _revived_index(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    held = reviver.value(tree["v"])
    index = pandas.Index(held, dtype=held.dtype, name=reviver.value(tree["name"]))
    if type(index).__name__ in FREQUENT:
        index.freq = tree.get("freq")
    return index


def _revived_multi_index(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    levels, codes = reviver.value(tree["v"]), reviver.value(tree["codes"])
    return pandas.MultiIndex(levels=levels, codes=codes, names=reviver.value(tree["names"]))


def _revived_dates(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    naive = pandas.DatetimeIndex(reviver.value(tree["v"]))
    return naive.tz_localize("UTC").tz_convert(reviver.value(tree["zone"])).array


def _revived_masked(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    if not MASKED_DTYPE.fullmatch(tree["dtype"]):
        raise NotReplayableError(f"a recorded array of {tree['dtype']!r}")
    array_type = pandas.api.types.pandas_dtype(tree["dtype"]).construct_array_type()
    return array_type(reviver.value(tree["v"]), reviver.value(tree["mask"]))


def _revived_strings(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    na = {"na_value": float("nan")} if tree["nan"] else {}
    return pandas.array(reviver.value(tree["v"]), dtype=pandas.StringDtype(tree["storage"], **na))


def _revived_categorical(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    codes, categories = reviver.value(tree["v"]), reviver.value(tree["categories"])
    return pandas.Categorical.from_codes(codes, categories=categories, ordered=tree["ordered"])


def _revived_timestamp(pandas: Any, reviver: "Reviver", tree: dict[str, Any]) -> Any:
    moment, zone = pandas.Timestamp(reviver.value(tree["v"])), reviver.value(tree["zone"])
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)


_BUILDERS: dict[str, Callable[[Any, "Reviver", dict[str, Any]], Any]] = {
    "DataFrame": _revived_frame,
    "Series": _revived_series,
    "RangeIndex": lambda pandas, reviver, tree: pandas.RangeIndex(*tree["v"], name=reviver.value(tree["name"])),
    "MultiIndex": _revived_multi_index,
    "Index": _revived_index,
    "dates": _revived_dates,
    "masked": _revived_masked,
    "strings": _revived_strings,
    "Categorical": _revived_categorical,
    "Timestamp": _revived_timestamp,
    "Timedelta": lambda pandas, reviver, tree: pandas.Timedelta(reviver.value(tree["v"])),
    "NaT": lambda pandas, _reviver, _tree: pandas.NaT,
    "NA": lambda pandas, _reviver, _tree: pandas.NA,
}
BUILDERS = {"pandas": revive_pandas}
