"""Edits of a recorded input, as what a replay of the chain gives instead."""

import orjson
import pytest

from treadle.errors import UsageError
from treadle.replay import paths
from treadle_debugger.edits import changed_places, of_step
from treadle_debugger.request import Instead

STEP = "00000000000000aa"
RECORDED = orjson.dumps(
    {
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
        "options": {"top p": 1, "it's": 2, "both ' and \"": 3},
        "size": {"$": "tuple", "v": [3, 4]},
        "n": 1,
    }
)
PLAIN = {
    "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
    "options": {"top p": 1, "it's": 2, "both ' and \"": 3},
    "size": [3, 4],
    "n": 1,
}


def edited(**changes: object) -> list[tuple[str | None, object]]:
    """Return the places and values of an edit."""
    found = changed_places(STEP, RECORDED, {**PLAIN, **changes})
    assert all(instead.step == of_step(STEP) for instead in found)
    return [(instead.path, orjson.loads(instead.value)) for instead in found]


def test_nothing_changed_is_nothing_given() -> None:
    """The input as it was recorded gives nothing instead."""
    assert edited() == []


def test_only_the_changed_place_is_given() -> None:
    """Inside plain lists and objects the place itself is given, so that what is around it keeps its types."""
    assert edited(n=2) == [("$.n", 2)]
    assert edited(n=True) == [("$.n", True)]
    messages = [PLAIN["messages"][0], {"role": "user", "content": "Bye"}]  # type: ignore[index]
    assert edited(messages=messages, n=5) == [("$.messages[1].content", "Bye"), ("$.n", 5)]


def test_what_has_another_shape_is_given_whole() -> None:
    """A longer list, an object with other keys, what was recorded with a tag, and a key that no path can name."""
    assert edited(messages=[]) == [("$.messages", [])]
    assert edited(size=[3, 5]) == [("$.size", [3, 5])]
    options = {"top p": 9, "it's": 2, "both ' and \"": 3}
    assert edited(options=options) == [("$.options", options)]


def test_paths_lead_back_to_the_place() -> None:
    """A path that an edit gives is read as the place that it was made for, whatever the keys are."""
    recorded = orjson.dumps({"options": {"top p": 1, "it's": 2, "[0]": 3, "": 4}})
    new = {"options": {"top p": 10, "it's": 20, "[0]": 30, "": 40}}
    found = changed_places(STEP, recorded, new)
    assert len(found) == 4
    value: object = orjson.loads(recorded)
    for instead in found:
        value = paths.replaced(value, paths.parse(instead.path or ""), orjson.loads(instead.value))
    assert value == new


@pytest.mark.parametrize("edit", [{"n": 1}, {**PLAIN, "more": 1}, [1, 2]])
def test_arguments_stay_the_same_ones(edit: object) -> None:
    """An argument cannot be added or taken away inside a chain: it is its caller that calls it."""
    with pytest.raises(UsageError, match="replay the step alone"):
        changed_places(STEP, RECORDED, edit)


def test_one_step_is_meant() -> None:
    """What is given is given to that step alone, not to others of its name."""
    assert changed_places(STEP, b'{"n":1}', {"n": 2}) == (Instead("span_id = '00000000000000aa'", "$.n", "2"),)
