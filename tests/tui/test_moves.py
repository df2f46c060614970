"""The moves: on small traces by hand, and as laws on any tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_debugger import moves
from treadle_debugger.orders import clock_order, tree_order
from tui.trees import CHAIN, TASKS

EVERY_MOVE = (moves.step, moves.next_step, moves.finish)


def names(tree, steps):
    """Return the names of steps."""
    return [tree.names[tree.name[row]] for row in steps]


@st.composite
def parents(draw):
    """Draw the parents of a trace's steps: each step's parent stands before it, a few are roots."""
    size = draw(st.integers(1, 60))
    return np.array([draw(st.integers(-1, row - 1)) for row in range(size)], dtype=np.int32)


def depths_of(parent):
    """Return how deep each step is."""
    depth = np.zeros(len(parent), dtype=np.int16)
    for row, above in enumerate(parent):
        depth[row] = 0 if above < 0 else depth[above] + 1
    return depth


def preorder(parent):
    """Walk depth first, as a person would write it."""
    order, pending = [], [row for row in range(len(parent) - 1, -1, -1) if parent[row] < 0]
    while pending:
        row = pending.pop()
        order.append(row)
        pending += [child for child in range(len(parent) - 1, row, -1) if parent[child] == row]
    return order


@given(parents())
def test_tree_order_is_the_depth_first_walk(parent):
    """The call tree's order is the depth-first preorder, and places and steps are each other's inverse."""
    order = tree_order(parent, depths_of(parent))
    assert order.steps.tolist() == preorder(parent)
    assert order.places[order.steps].tolist() == list(range(len(parent)))
    assert order.depths.tolist() == depths_of(parent)[order.steps].tolist()


def test_clock_order_is_the_order_of_starting():
    """In clock order concurrent tasks interleave; in the call tree they do not."""
    clock = clock_order(TASKS.depth)
    tree = tree_order(TASKS.parent, TASKS.depth)
    assert names(TASKS, clock.steps) == ["rag", "first", "second", "a", "b", "c", "merge"]
    assert names(TASKS, tree.steps) == ["rag", "first", "a", "c", "second", "b", "merge"]


@given(parents(), st.sampled_from(EVERY_MOVE), st.booleans(), st.data())
def test_reverse_mirrors_forward_exactly(parent, move, in_tree_order, data):
    """A reverse move is the forward move on the trace played backwards, at every place of either order."""
    depth = depths_of(parent)
    depths = (tree_order(parent, depth) if in_tree_order else clock_order(depth)).depths
    last = len(depths) - 1
    place = data.draw(st.integers(0, last))
    mirrored = move(depths[::-1], last - place)
    assert move(depths, place, reverse=True) == (None if mirrored is None else last - mirrored)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.data())
def test_reverse_continue_mirrors_continue(stops, data):
    """The previous stop is the next one of the trace played backwards."""
    wanted = np.array(stops)
    last = len(stops) - 1
    place = data.draw(st.integers(0, last))
    mirrored = moves.nearest(wanted[::-1], last - place)
    assert moves.nearest(wanted, place, reverse=True) == (None if mirrored is None else last - mirrored)


@given(parents(), st.data())
def test_next_between_siblings_is_undone_by_reverse_next(parent, data):
    """Where next stays at one depth, reverse-next comes back to the same step."""
    depths = tree_order(parent, depths_of(parent)).depths
    place = data.draw(st.integers(0, len(depths) - 1))
    target = moves.next_step(depths, place)
    if target is not None and depths[target] == depths[place]:
        assert moves.next_step(depths, target, reverse=True) == place


@given(parents(), st.data())
def test_reverse_finish_in_the_call_tree_is_the_parent(parent, data):
    """Back to the call site is the parent, always."""
    order = tree_order(parent, depths_of(parent))
    row = data.draw(st.integers(0, len(parent) - 1))
    place = moves.finish(order.depths, int(order.places[row]), reverse=True)
    assert (-1 if place is None else order.steps[place]) == parent[row]


@given(parents(), st.data())
def test_finish_leaves_the_whole_call(parent, data):
    """Finish lands on the first step after everything that the caller made."""
    order = tree_order(parent, depths_of(parent))
    row = data.draw(st.integers(0, len(parent) - 1))
    place = moves.finish(order.depths, int(order.places[row]))
    caller = parent[row]
    inside = {caller} if caller >= 0 else set(range(len(parent)))
    for step in order.steps.tolist():
        if parent[step] in inside and caller >= 0:
            inside.add(step)
    after = [step for step in order.steps[order.places[row] :].tolist() if step not in inside]
    assert (None if place is None else order.steps[place]) == (after[0] if after else None)


@pytest.mark.parametrize("move", EVERY_MOVE)
@pytest.mark.parametrize("reverse", [False, True])
def test_ends_do_not_wrap(move, reverse):
    """At either end a move has nowhere to go."""
    depths = tree_order(CHAIN.parent, CHAIN.depth).depths
    assert move(depths, 0 if reverse else len(depths) - 1, reverse=reverse) is None


def test_a_move_is_repeated_until_the_end():
    """A count larger than what is left goes to the end and says how many moves were made."""
    depths = tree_order(CHAIN.parent, CHAIN.depth).depths
    assert moves.repeat(lambda place: moves.step(depths, place), 5, 4) == (7, 2)
    assert moves.repeat(lambda place: moves.step(depths, place), 1, 3) == (4, 3)


def test_a_trace_without_steps_has_an_empty_order():
    """No steps, no places."""
    nothing = np.array([], dtype=np.int32)
    assert len(tree_order(nothing, nothing.astype(np.int16))) == 0
