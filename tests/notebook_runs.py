"""Notebooks that are run for real: a kernel of its own, driven as Jupyter drives it."""

import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

KERNEL = "own"
LONGEST_CELL_S = 60


def run_cells(folder: Path, *cells: str) -> list[str]:
    """Run cells in a new kernel that works in `folder`, and return what each printed, showed or raised."""
    _write_kernel(folder / "jupyter")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL,
        allow_errors=True,
        timeout=LONGEST_CELL_S,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=dict(os.environ, IPYTHONDIR=str(folder / "ipython")))
    return ["".join(map(_text, cell.outputs)) for cell in notebook.cells]


def _write_kernel(folder: Path) -> None:
    """Describe a kernel of this very Python; `JUPYTER_PATH` must name the folder."""
    kernel = folder / "kernels" / KERNEL
    kernel.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": command, "display_name": KERNEL, "language": "python"}))


def _text(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return str(output.text)
    return str(output.data["text/plain"]) if "data" in output else f"{output.ename}: {output.evalue}"
