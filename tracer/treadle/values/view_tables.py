"""What a person reads of arrays and frames: nested lists and rows where they are small, else how they begin."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from treadle.values.view_numbers import ELEMENT_COST, elements

if TYPE_CHECKING:
    from treadle.values.view import Viewer

TAG = "$"
MOST_SHOWN = 1_000
"""Elements of an array that is shown whole."""
FIRST_SHOWN = 10
MOST_ROWS = 100
MOST_LABELS = 100_000
MOST_AXES = 64
LONGEST_LABEL = 1_000
"""Of what may stand in many rows."""
CELL_COST = 16


def _ndarray(viewer: "Viewer", tree: dict[str, Any]) -> Any:
    """Return nested lists, or of a larger array its dtype, its shape and its first elements."""
    shape = tree["shape"]
    count = math.prod(shape) if len(shape) <= MOST_AXES else MOST_SHOWN + 1
    if count > MOST_SHOWN:
        return {"dtype": tree["dtype"], "shape": shape, "first": _flat(viewer, tree, FIRST_SHOWN)}
    if count == 0:
        return []
    flat = _flat(viewer, tree, count)
    if flat is None or len(flat) != count:
        return {"dtype": tree["dtype"], "shape": shape}
    return _nested(flat, shape, is_fortran=tree.get("order") == "F")


def _flat(viewer: "Viewer", tree: dict[str, Any], most: int) -> list[Any] | None:
    """Return the first elements of an array in the order they are stored in; None where they are out of reach."""
    if "items" in tree:
        items = [viewer.shown(item) for item in tree["items"][:most]]
        names = [field[0] for field in tree["dtype"]["fields"]] if isinstance(tree["dtype"], dict) else None
        if names is None:
            return items
        viewer.spend(len(items) * sum(map(len, names)))
        return [dict(zip(names, item, strict=False)) for item in items]
    data = viewer.raw(tree["v"])
    return None if data is None else elements(data, tree["dtype"], most, spend=viewer.spend)


def _nested(flat: list[Any], shape: list[int], *, is_fortran: bool) -> Any:
    def inside(start: int, axis: int) -> Any:
        if axis == len(shape):
            return flat[start]
        before_or_after = shape[:axis] if is_fortran else shape[axis + 1 :]
        stride = math.prod(before_or_after)
        return [inside(start + n * stride, axis + 1) for n in range(shape[axis])]

    return inside(0, 0)


def _scalar(viewer: "Viewer", tree: dict[str, Any]) -> Any:
    if tree["dtype"] == "U":
        return viewer.shown(tree["v"])
    data = viewer.raw(tree["v"])
    if tree["dtype"] == "S":
        return None if data is None else data.decode("utf-8", "replace")
    found = None if data is None else elements(data, tree["dtype"], 1, spend=viewer.spend)
    return found[0] if found else None


def _array(viewer: "Viewer", tree: dict[str, Any]) -> Any:
    data = viewer.raw(tree["v"])
    kind = "f" if tree["type"] in "fd" else "i" if tree["type"].islower() else "u"
    count = None if data is None else len(data) // tree["itemsize"]
    return _ndarray(viewer, {**tree, "dtype": f"={kind}{tree['itemsize']}", "shape": [count or 0]})


def _pandas(viewer: "Viewer", tree: dict[str, Any]) -> Any:
    kind = tree["type"]
    if kind == "DataFrame":
        return _rows(viewer, tree)
    if kind == "Series":
        return _series(viewer, tree)
    if kind in ("Timestamp", "Timedelta"):
        return viewer.shown(tree["v"]) + ("Z" if tree.get("zone") is not None else "")
    if kind in ("NaT", "NA"):
        return None
    return _values(viewer, tree, MOST_SHOWN) if kind in _LISTED else f"<pandas {kind}>"


def _rows(viewer: "Viewer", tree: dict[str, Any]) -> list[Any]:
    """Return a frame as a list of rows, with their label where that is more than a number."""
    names = _distinct([str(name)[:LONGEST_LABEL] for name in _values(viewer, tree["columns"], len(tree["v"]))])
    columns = [_values(viewer, column, MOST_ROWS) for column in tree["v"]]
    if tree["index"].get("type") != "RangeIndex":
        names.insert(0, str(viewer.shown(tree["index"].get("name")) or "index")[:LONGEST_LABEL])
        columns.insert(0, _values(viewer, tree["index"], MOST_ROWS))
    shown = range(min(tree["rows"], MOST_ROWS))
    viewer.spend(len(shown) * sum(CELL_COST + len(name) for name in names))
    rows: list[Any] = [{name: _at(column, n) for name, column in zip(names, columns, strict=False)} for n in shown]
    return rows if tree["rows"] <= MOST_ROWS else [*rows, f"… ({tree['rows']:,} rows)"]


def _distinct(names: list[str]) -> list[str]:
    """Return the names of columns, those that come again with their place."""
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    return [name if first[name] == place else f"{name}.{place}" for place, name in enumerate(names)]


def _series(viewer: "Viewer", tree: dict[str, Any]) -> Any:
    values = _values(viewer, tree["v"], MOST_ROWS)
    more = [f"… ({tree['rows']:,} values)"] if tree["rows"] > MOST_ROWS else []
    if tree["index"].get("type") == "RangeIndex":
        return [*values, *more]
    labels = _values(viewer, tree["index"], MOST_ROWS)
    return [*({"index": _at(labels, n), "value": value} for n, value in enumerate(values)), *more]


def _values(viewer: "Viewer", tree: dict[str, Any], most: int) -> list[Any]:
    """Return the first values of a column or an index."""
    if tree[TAG] == "ndarray":
        return _flat(viewer, tree, most) or []
    listed = _LISTED.get(tree["type"]) if tree[TAG] == "pandas" else None
    return [_label(viewer.shown(tree))] * min(most, MOST_ROWS) if listed is None else listed(viewer, tree, most)


def _label(shown: Any) -> Any:
    """Return what may stand in many places: what is long is cut, or each level of a table would multiply it."""
    text = shown if isinstance(shown, str) else orjson.dumps(shown).decode()
    return shown if len(text) <= LONGEST_LABEL else f"{text[:LONGEST_LABEL]}…"


def _range(viewer: "Viewer", tree: dict[str, Any], most: int) -> list[Any]:
    found = range(*tree["v"])[:most]
    viewer.spend(ELEMENT_COST * len(found))
    return list(found)


def _dates(viewer: "Viewer", tree: dict[str, Any], most: int) -> list[Any]:
    return [None if moment is None else f"{moment}Z" for moment in _values(viewer, tree["v"], most)]


def _masked(viewer: "Viewer", tree: dict[str, Any], most: int) -> list[Any]:
    values, gone = _values(viewer, tree["v"], most), _values(viewer, tree["mask"], most)
    return [None if is_gone else value for value, is_gone in zip(values, gone, strict=True)]


def _several(viewer: "Viewer", tree: dict[str, Any], most: int) -> list[Any]:
    levels = [_coded(viewer, codes, level, most) for codes, level in zip(tree["codes"], tree["v"], strict=True)]
    return [list(labels) for labels in zip(*levels, strict=True)]


def _coded(viewer: "Viewer", codes: dict[str, Any], level: dict[str, Any], most: int) -> list[Any]:
    places = _values(viewer, codes, most)
    known = _values(viewer, level, min(max(places, default=0) + 1, MOST_LABELS))
    labels = {place: _label(known[place]) for place in set(places) if 0 <= place < len(known)}
    return [labels.get(place) for place in places]


def _at(column: list[Any], place: int) -> Any:
    return column[place] if place < len(column) else None


_LISTED: dict[str, Callable[["Viewer", dict[str, Any], int], list[Any]]] = {
    "RangeIndex": _range,
    "Index": lambda viewer, tree, most: _values(viewer, tree["v"], most),
    "MultiIndex": _several,
    "Categorical": lambda viewer, tree, most: _coded(viewer, tree["v"], tree["categories"], most),
    "dates": _dates,
    "masked": _masked,
    "strings": lambda viewer, tree, most: [viewer.shown(item) for item in tree["v"][:most]],
}
TABLES = {
    "ndarray": _ndarray,
    "scalar": _scalar,
    "array": _array,
    "pandas": _pandas,
}
