"""What a hidden step says when it fails is hidden in the process that hears of it, too."""

import json
from pathlib import Path

import pytest

import recorded
from programs import python

STEPS = """
import treadle
treadle.configure(hide_inputs=%s)

@treadle.trace
def secretive(text):
    raise ValueError("cannot read " + text)
"""
PROGRAM = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import steps, treadle

@treadle.trace
def with_an_executor():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(steps.secretive, "sword" + "fish").result()

@treadle.trace
def with_a_pool():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(steps.secretive, ("sword" + "fish",))

@treadle.trace
def above(step):
    return step()

for step in (with_an_executor, with_a_pool):
    try:
        above(step)
    except ValueError as error:
        print(error)
"""


@pytest.mark.parametrize(("hidden", "is_told"), [(["secretive"], False), (True, False), (False, True)])
def test_a_failure_out_of_another_process_is_hidden(store: Path, tmp_path: Path, hidden: object, is_told: bool) -> None:
    """The program hears of it as ever; in a program that hides nothing it is told."""
    (tmp_path / "steps.py").write_text(STEPS % hidden)
    assert python(PROGRAM, cwd=tmp_path) == "cannot read swordfish\n" * 2
    failed = [call for call in recorded.calls(store) if call.status == "error"]
    assert len(failed) == 6
    assert all(("swordfish" in json.dumps(call.end)) == is_told for call in failed)
