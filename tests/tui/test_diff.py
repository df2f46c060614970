"""Differences of values, texts and whole traces."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.model import RecordedCall
from treadle.values import digest
from treadle.values.difference import differences, first_difference
from treadle_debugger.alignment import diff_traces
from treadle_debugger.words import diff_words

TAGGED = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2, allow_nan=False) | st.text("ab$", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc-", max_size=2), inner, max_size=3)
        | st.lists(inner, max_size=3).map(lambda items: {"$": "tuple", "v": items})
        | st.text("xy", max_size=2).map(lambda text: {"$": "opaque", "type": "Lock", "repr": text})
    ),
    max_leaves=8,
)


def told(before, after):
    """Return the differences of two trees as lines."""
    return [str(found) for found in differences(json.dumps(before).encode(), json.dumps(after).encode())]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"m": [{"content": "hello"}]}, {"m": [{"content": "other"}]}, "m[0].content: 'hello' -> 'other'"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]: added 2"),
        ({"a": 1, "b": 2}, {"a": 1}, "b: removed 2"),
        ({"a": 1}, {"a": 1.0}, "a: 1 -> 1.0"),
        ({"a": True}, {"a": 1}, "a: True -> 1"),
        ({"a-b": {"c d": None}}, {"a-b": {"c d": 0}}, "['a-b']['c d']: None -> 0"),
        ("one", "two", "'one' -> 'two'"),
        ({"a": {"$": "tuple", "v": [1, 2]}}, {"a": {"$": "tuple", "v": [1, 3]}}, "a[1]: 2 -> 3"),
        ({"a": {"$": "tuple", "v": [1]}}, {"a": [1]}, "a: {'$': 'tuple', 'v': [1]} -> [1]"),
        ({"a": {"$": "pydantic", "v": {"x": 1}}}, {"a": {"$": "pydantic", "v": {"x": 2}}}, "a.x: 1 -> 2"),
        ({"$": "dict", "v": [[1, "a"]]}, {"$": "dict", "v": [[1, "b"]]}, "[1]: 'a' -> 'b'"),
        ({"a": {"$": "opaque", "type": "Lock"}}, {"a": {"$": "opaque", "type": "File"}}, "a: "),
    ],
)  # fmt: skip
def test_a_difference_names_its_path(before, after, said):
    """The path is written as a person would, and both values are shown."""
    (line,) = told(before, after)
    assert line.startswith(said)


def test_long_texts_are_shown_from_where_they_part():
    """What is alike for a thousand characters is not repeated."""
    (line,) = told({"q": "x" * 1000 + " the refund"}, {"q": "x" * 1000 + " the return"})
    assert "refund' -> " in line
    assert len(line) < 100


def test_every_difference_is_found_in_order():
    """Those of the first value's keys come first."""
    assert told({"b": 1, "a": 1}, {"a": 2, "b": 2, "c": 3}) == ["b: 1 -> 2", "a: 1 -> 2", "c: added 3"]


def test_equal_values_have_no_difference():
    """Key order and the repr of what could not be recorded do not count."""
    before = {"a": 1, "lock": {"$": "opaque", "type": "Lock", "repr": "<lock at 0x1>"}}
    after = {"lock": {"$": "opaque", "type": "Lock", "repr": "<lock at 0x2>"}, "a": 1}
    assert told(before, after) == []


def test_a_value_that_is_not_there_differs():
    """A call that never ended has no output."""
    assert str(first_difference(None, b"1")) == "added 1"
    assert str(first_difference(b"1", None)) == "removed 1"
    assert first_difference(None, None) is None


@given(TAGGED, TAGGED)
def test_differences_and_digests_agree(before, after):
    """Two values have no difference exactly where replay counts them as equal arguments."""
    ours, theirs = json.dumps(before).encode(), json.dumps(after).encode()
    assert (first_difference(ours, theirs) is None) == (digest(ours)[0] == digest(theirs)[0])


def test_words_that_changed_are_told_apart():
    """Only the changed word is removed and added."""
    pieces = [(piece.change, piece.text) for piece in diff_words("the quick fox", "the slow fox")]
    assert pieces == [("same", "the "), ("removed", "quick"), ("added", "slow"), ("same", " fox")]


@given(st.text("ab \n", max_size=40), st.text("ab \n", max_size=40))
def test_pieces_make_both_texts(before, after):
    """Leaving out one side's pieces gives the other side's text."""
    pieces = diff_words(before, after)
    assert "".join(piece.text for piece in pieces if piece.change != "added") == before
    assert "".join(piece.text for piece in pieces if piece.change != "removed") == after


def test_long_texts_are_compared_by_line():
    """Ten thousand changed words take lines, not minutes."""
    before = "".join(f"line {number} with some words\n" for number in range(3000))
    pieces = diff_words(before, before.replace("line 1500 ", "row 1500 "))
    changed = [piece.text for piece in pieces if piece.change != "same"]
    assert changed == ["line 1500 with some words\n", "row 1500 with some words\n"]


def call(span, parent, name, given, *, ordinal="0", out="1"):
    """Make a recorded call."""
    return RecordedCall(
        trace_id="t", span_id=span, parent_span_id=parent, process_id="p",
        seq=0, name=name, kind="chain", status="ok", function=None,
        input_tagged=json.dumps({"q": given}).encode(), output_tagged=out.encode(), chunks=(), closed_early=False,
        ordinal=ordinal, turn=None, started_at_ns=0, ended_at_ns=1, attributes={}, source="live", replayable=True,
        not_replayable_why=None, start_signature=None, end_signature=None,
    )  # fmt: skip


def shown(pairs):
    """Return which spans stand side by side, and how deep."""
    return [
        (pair.before.span_id if pair.before else None, pair.after.span_id if pair.after else None, pair.depth)
        for pair in pairs
    ]


def test_traces_are_aligned_by_parent_name_and_arguments():
    """Calls that started in another order still stand side by side."""
    before = [call("r", None, "rag", 0), call("a", "r", "gen", "x"), call("b", "r", "gen", "y", ordinal="1")]
    after = [call("R", None, "rag", 0), call("B", "R", "gen", "y", ordinal="1"), call("A", "R", "gen", "x")]
    pairs = diff_traces(before, after)
    assert shown(pairs) == [("r", "R", 0), ("a", "A", 1), ("b", "B", 1)]
    assert all(pair.diff.is_same for pair in pairs)


def test_a_changed_argument_is_aligned_by_ordinal():
    """The call in the same place is the one that changed."""
    before = [call("r", None, "rag", 0), call("a", "r", "gen", "x"), call("b", "r", "gen", "y", ordinal="1")]
    after = [call("R", None, "rag", 0), call("A", "R", "gen", "x"), call("B", "R", "gen", "z", ordinal="1", out="2")]
    pairs = diff_traces(before, after)
    assert shown(pairs)[2] == ("b", "B", 1)
    diff = pairs[2].diff
    assert [str(found) for found in (*diff.inputs, *diff.outputs)] == ["q: 'y' -> 'z'", "1 -> 2"]


def test_calls_of_one_side_only_are_shown():
    """What is missing and what is new, with everything below."""
    before = [call("r", None, "rag", 0), call("a", "r", "old", 1), call("b", "a", "deep", 1)]
    after = [call("R", None, "rag", 0), call("N", "R", "new", 1)]
    assert shown(diff_traces(before, after)) == [("r", "R", 0), ("a", None, 1), ("b", None, 2), (None, "N", 1)]


def test_a_call_whose_parent_is_not_there_stands_at_the_top():
    """A trace that lost a record is still compared."""
    lost = [call("a", "gone", "gen", 1)]
    assert shown(diff_traces(lost, [replace(lost[0], span_id="A", parent_span_id=None)])) == [("a", "A", 0)]
