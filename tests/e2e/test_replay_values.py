"""Values of every sort go through a replay: recorded, signed, served, and given again."""

from e2e.conftest import Project

PROGRAM = """
import queue, sqlite3, treadle
import numpy as np, pandas as pd
from fractions import Fraction
from PIL import Image

class Money:
    def __init__(self, cents): self.cents = cents
    def __eq__(self, other): return type(other) is Money and other.cents == self.cents
    __slots__ = ("cents", "__weakref__")

treadle.codec(Money, lambda money: money.cents, Money)

class Odd:
    def __init__(self, number): self.number = number; self.lock = object()
    def __reduce__(self): return Odd, (self.number,)

def scaled(factor):
    return lambda number: number * factor

@treadle.trace(kind="tool")
def fetch():
    return {
        "text": "weft " * 40_000,
        "raw": b"\\x00\\xff" * 100_000,
        "matrix": np.arange(30_000, dtype="float32").reshape(100, 300),
        "frame": pd.DataFrame({"city": ["Oslo", "Rome"], "wet": [True, False]}),
        "picture": Image.new("RGB", (200, 200), "red"),
        "share": Fraction(1, 3),
        "money": Money(5),
    }

@treadle.trace(kind="tool", pickle=True)
def odd():
    return Odd(7)

@treadle.trace
def weigh(held, scale):
    assert len(held["text"]) == 200_000 and len(held["raw"]) == 200_000
    assert held["matrix"].dtype == np.float32 and held["matrix"][99, 299] == 29_999
    assert held["frame"]["wet"].tolist() == [True, False]
    assert held["picture"].getpixel((3, 3)) == (255, 0, 0)
    assert held["share"] == Fraction(1, 3) and held["money"] == Money(5)
    return scale(len(held["text"]))

@treadle.trace
def chain():
    return weigh(fetch(), scaled(3)) + odd().number

if __name__ == "__main__":
    print(chain())
"""


def test_everything_comes_back_as_it_was(project: Project) -> None:
    """Texts and data in blobs, arrays, frames, images, closures, taught and pickled values: served, and the same."""
    recorded = project.record(PROGRAM)
    replayed = project.replay(recorded)
    assert (replayed.verdict, replayed.exit_code) == ("same", 0), replayed.sentence
    assert replayed.counts == {"ran": 2, "served": 2}


def test_one_step_is_called_again_with_what_it_was_given(project: Project) -> None:
    """Its arguments are built from the journal and from blobs, a closure from today's source."""
    recorded = project.record(PROGRAM)
    tree = project.store.tree(recorded)
    (weigh,) = [
        span for span in map(tree.hex_id, range(len(tree))) if project.store.step(recorded, span).name == "weigh"
    ]
    replayed = project.replay(recorded, step_id=weigh)
    assert (replayed.verdict, replayed.exit_code) == ("same", 0), replayed.sentence


def test_a_blob_that_was_changed_is_not_served(project: Project) -> None:
    """Nor one that is gone: the replay says which."""
    recorded = project.record(PROGRAM)
    for blob in (project.store.path / "blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"x" * blob.stat().st_size)
    replayed = project.replay(recorded)
    assert replayed.verdict == "diverged"
    assert "was changed since it was recorded" in replayed.sentence


def test_a_pickle_is_loaded_only_where_this_user_signed_it(project: Project) -> None:
    """`--trust` is no signature: what a stranger's pickle would run is not run."""
    recorded = project.record(PROGRAM)
    replayed = project.replay(recorded, trust=True)
    assert replayed.verdict == "diverged"
    assert "pickle" in replayed.sentence
