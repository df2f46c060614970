"""Single calls of a notebook whose kernel is gone: its definitions are run again from the kept cells, nothing else."""

from collections.abc import Callable

import duckdb
import pytest

from e2e.alone import all_calls, said, said_of_each
from e2e.conftest import Project
from notebook_runs import run_cells
from treadle.model import RecordedCall

Notebook = Callable[..., dict[str, RecordedCall]]


@pytest.fixture
def notebook(project: Project, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """Return what runs cells in a kernel, and returns the newest call of each name."""
    monkeypatch.setenv("JUPYTER_PATH", str(project.folder / "jupyter"))
    monkeypatch.setenv("JPY_SESSION_NAME", "orders.ipynb")

    def run(*cells: str) -> dict[str, RecordedCall]:
        printed = run_cells(project.folder, *cells)
        assert not [text for text in printed if "Error" in text]
        return {call.name: call for call in all_calls(project)}

    return run


DEFINITIONS = """
import treadle, json
from dataclasses import dataclass
from fractions import Fraction
try:
    import ujson_that_is_not_there as fast
except ImportError:
    fast = json
RATE, NAMES = 2, {"loom": 349}

@dataclass
class Order:
    name: str
    count: int

def price(order):
    return NAMES[order.name] * order.count * RATE
"""
TRACED = """
@treadle.trace(kind="llm")
def generate(prompt):
    with open("asked.txt", "a") as log: log.write(prompt)
    return fast.dumps({"advice": prompt})

@treadle.trace
def total(order: Order):
    return price(order), generate(order.name)

@treadle.trace
def held(count):
    return Order("loom", count), Fraction(1, count)

def made(step):
    return treadle.trace(lambda number: number + step, name="nested")
"""
EFFECT = "open('asked.txt', 'a').write('cell'); computed = sum(range(3))"


def test_a_call_runs_the_definitions_that_it_needs(project: Project, notebook: Notebook) -> None:
    """Functions, classes, imports and plain values, as they were when it ran; no other statement runs again."""
    (project.folder / "counting.py").write_text(
        "import treadle\n@treadle.trace\ndef count(order): return order.count\n"
    )
    calls = notebook(
        DEFINITIONS,
        EFFECT,
        TRACED,
        "from counting import count\ntotal(Order('loom', 2)), held(2), made(3)(4), count(Order('loom', 2))",
        "RATE = 100",
    )
    before = (project.folder / "asked.txt").read_text()
    told = {name: said(project, calls[name]) for name in ("total", "held", "nested", "count")}
    assert told == dict.fromkeys(told, "same")
    assert (project.folder / "asked.txt").read_text() == before == "cellloom"


def test_a_cell_that_ran_anew_counts_from_then_on(project: Project, notebook: Notebook) -> None:
    """Each call runs what was the newest when it began."""
    first = "import treadle\ndef unit(): return 1\n@treadle.trace(name='first')\ndef work(): return unit()\nwork();"
    notebook(first, "def unit(): return 2", "work();", first.replace("first", "second").replace("1", "3"))
    assert said_of_each(project) == {"first": "same", "second": "same"}
    assert [said(project, call) for call in all_calls(project)] == ["same"] * 3


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (
            ("import treadle\nrows = list(range(3))", "@treadle.trace\ndef work(): return len(rows)\nwork();"),
            (
                "it uses rows, which cell [1] computed (rows = list(range(3))), and only definitions, imports and "
                "plain values of it are run again: make rows an argument, or put it into a module"
            ),
        ),
        (
            ("import treadle\napi_key = 'swordfish-of-the-notebook'", "@treadle.trace\ndef work(): return 1\nwork();"),
            (
                "treadle stands in cell [1], out of which a secret was taken, and so it is not run: put the secret "
                "into an environment variable, and run the notebook again"
            ),
        ),
        (
            (
                "import treadle, once\nimport os; os.remove('once.py')",
                "@treadle.trace\ndef work(): return once\nwork();",
            ),
            (
                "cell [1] does not run any more (import treadle, once): ModuleNotFoundError: No module named 'once'; "
                "mend it, then run the notebook again"
            ),
        ),
    ],
    ids=["computed", "redacted", "gone"],
)
def test_what_cannot_be_made_again_is_named(
    project: Project, notebook: Notebook, cells: tuple[str, ...], why: str
) -> None:
    """With its cell, and what to do."""
    (project.folder / "once.py").touch()
    calls = notebook(*cells)
    assert said(project, calls["work"]) == f"not replayable: {why}"


TELLS = """
import treadle as t
from treadle import codec
class Money:
    __slots__ = ("cents", "odd")
    def __init__(self, cents): self.cents, self.odd = cents, object()
codec(Money, lambda money: money.cents, Money)
t.configure(hide_outputs=("held",), redact=lambda text: text.replace("mall" + "ard", "duck"))
"""


def test_what_the_notebook_told_treadle_is_told_again(project: Project, notebook: Notebook) -> None:
    """What it hides and redacts is hidden and redacted in the replay's trace, and its types are taken apart."""
    calls = notebook(
        TELLS,
        "@t.trace\ndef held(money): return money.cents\n@t.trace\ndef shown(money): return ['mall' + 'ard', money]",
        "held(Money(987654)), shown(Money(3))",
    )
    assert said(project, calls["held"]) == said(project, calls["shown"]) == "same"
    outputs = list(project.store.sql("select name, output, count(*) from spans group by all order by all"))
    assert [(name, count) for name, _, count in outputs] == [("held", 2), ("shown", 2)]
    assert "mallard" not in str(outputs)
    assert outputs[0][1] != "987654"


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize(
    "change", ["text = replace(text, 'return 1', 'return 7')", "redacted = true", "number = 7", "signature = null"]
)
def test_a_changed_cell_is_never_run(project: Project, notebook: Notebook, change: str, trust: bool) -> None:
    """Nor with `--trust`: code out of a store is run only where this user signed it."""
    calls = notebook("import treadle", "@treadle.trace\ndef work(): return 1\nwork();")
    project.forget_store()
    with duckdb.connect(str(project.folder.parent / "store" / "treadle.duckdb")) as database:
        database.execute(f"update source_rows set {change} where number = 2")
    told = said(project, calls["work"], trust=trust)
    assert told.startswith("RefusedError: cell ["), told
    assert "code out of a store is run only where this user signed it, also with --trust" in told
