"""Steps of main scripts and of modules are replayed alone: loaded in their places, with their guards off."""

import pytest

from e2e.alone import all_calls, said, said_of_each
from e2e.conftest import Project
from programs import plainly, traced

PACKAGE = {
    "__init__.py": "",
    "tools.py": "import treadle\n@treadle.trace\ndef add(one, two):\n    return one + two\n",
    "__main__.py": """
import treadle
from . import tools
from .tools import add

class Order:
    def __init__(self, count): self.count = count

@treadle.trace
def counted(order): return order.count

@treadle.trace
def total(count): return add(count, 1) + counted(Order(count))

@treadle.trace
def held(order): return order

if __name__ == "__main__":
    total(2)
    tools.add(Order, 1) if False else None
""",
}


@pytest.mark.parametrize("module", ["desk", "desk.__main__"])
@pytest.mark.parametrize("command", ["python", "treadle run"])
def test_a_module_that_ran_as_the_program_is_loaded_in_its_package(project: Project, module: str, command: str) -> None:
    """With its relative imports, and its guard off."""
    package = project.folder / "desk"
    package.mkdir()
    for name, text in PACKAGE.items():
        (package / name).write_text(text)
    done = (plainly if command == "python" else traced)("-m", module, cwd=project.folder)
    assert done.returncode == 0, done.stderr
    calls = {call.name: call for call in all_calls(project)}
    assert [said(project, calls[name]) for name in ("total", "add", "counted")] == ["same"] * 3


TOOLS = """
import functools, treadle
def fetch(unit, name): return f"{name} {unit}"
weigh = treadle.trace(functools.partial(fetch, "kg"), name="weigh", kind="tool")
@treadle.trace
def work(name): return weigh(name)
"""


def test_a_callable_is_known_by_the_module_that_it_is_of(project: Project) -> None:
    """Also where the program imports it by name: a step of that module is replayed without the program."""
    (project.folder / "tools.py").write_text(TOOLS)
    project.record("from tools import weigh, work\nif __name__ == '__main__':\n    work('loom')\n")
    assert said_of_each(project) == {"work": "same", "weigh": "same"}


def test_a_function_of_a_module_is_given_objects_of_the_program(project: Project) -> None:
    """Its arguments name classes of the main script, which is loaded for them."""
    (project.folder / "counting.py").write_text("import treadle\n@treadle.trace\ndef count(order): return order.n\n")
    project.record(
        "from counting import count\nclass Order:\n    n = 3\nif __name__ == '__main__':\n    count(Order())\n"
    )
    assert said_of_each(project) == {"count": "same"}


def test_a_module_of_the_project_may_have_the_name_of_one_of_pythons(project: Project) -> None:
    """It is the project's that is imported, in its place."""
    (project.folder / "tabnanny.py").write_text("import treadle\n@treadle.trace\ndef check(text): return len(text)\n")
    project.record("import tabnanny\nif __name__ == '__main__':\n    tabnanny.check('weft')\n")
    assert said_of_each(project) == {"check": "same"}


UNGUARDED = """
import sys, treadle
rate = float(len(sys.argv)) * 2
with open("loaded.txt", "a") as log: log.write("loaded ")

@treadle.trace
def early(number): return number * rate * (LATER if number > 1 else 1)

early(1)
LATER = 3
early(2)
with open("loaded.txt", "a") as log: log.write("on ")

class Order:
    def __init__(self, count): self.count = count

@treadle.trace
def late(order): return order.count * rate

late(Order(2))
computed = sum(range(3))

@treadle.trace
def last(): return computed

last()
"""


def test_a_script_without_a_guard_is_loaded_up_to_its_first_call(project: Project) -> None:
    """And of what stands below that, the definitions which a call needs; what was computed there is named."""
    project.record(UNGUARDED)
    told = [said(project, call) for call in all_calls(project)]
    assert told[:3] == ["same"] * 3
    assert told[3] == (
        "not replayable: it uses computed, which program.py computed (computed = sum(range(3))), and only definitions, "
        "imports and plain values of it are run again: make computed an argument, or put it into a module, or put what "
        "the script does under `if __name__ == '__main__':`"
    )
    assert (project.folder / "loaded.txt").read_text() == "loaded on " + "loaded " * 4
