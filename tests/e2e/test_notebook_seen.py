"""A notebook that ran is seen from outside, when its kernel is gone: its cells, and what of it can be called again."""

import pytest

from e2e.commands import treadle
from e2e.conftest import Project
from notebook_runs import run_cells

DEFINES = "import treadle\nfrom shop import price\n@treadle.trace\ndef total(count):\n    return count * price('loom')"
SHOP = "import treadle\n@treadle.trace\ndef price(name):\n    return 349\n"


@pytest.fixture
def notebook(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose notebook called a function of its own and one of a module."""
    monkeypatch.setenv("JUPYTER_PATH", str(project.folder / "jupyter"))
    monkeypatch.setenv("JPY_SESSION_NAME", "orders.ipynb")
    (project.folder / "shop.py").write_text(SHOP)
    assert run_cells(project.folder, "limit = 5", DEFINES, "total(2)")[-1] == "698"
    return project


def test_show_prints_the_cell_of_a_kernel_that_is_gone(notebook: Project) -> None:
    """With the call that was recorded."""
    (root,) = [call for call in notebook.store.recording(notebook.newest()).calls if call.name == "total"]
    shown = treadle("show", "last", "--step", root.span_id, cwd=notebook.folder).out
    assert "cell [2]:3 in __main__:total" in shown
    assert "source, as it ran in cell [2]\n    3  @treadle.trace\n    4  def total(count):" in shown


def test_a_call_of_a_module_that_a_notebook_made_replays(notebook: Project) -> None:
    """Its function stands in a file, and the signature covers the notebook's name."""
    trace_id = notebook.newest()
    recording = notebook.store.recording(trace_id)
    (price,) = [call for call in recording.calls if call.name == "price"]
    assert recording.process.main_notebook == "orders.ipynb"
    assert notebook.replay(trace_id, step_id=price.span_id).verdict == "same"


def test_a_call_of_a_cell_replays(notebook: Project) -> None:
    """What it needs of the notebook is defined again, and the signature covers that."""
    assert notebook.replay(notebook.newest()).verdict == "same"
