"""Decorated functions in the hands of others: pytest, click, cloudpickle."""

from pathlib import Path

import pytest

import recorded
import twin

PYTEST_FILE = '''
import pytest
import treadle

@pytest.fixture
@treadle.trace
def number():
    yield 3
    print("torn down")

@pytest.fixture(params=[1, 2])
@treadle.trace
def varied(request, number):
    return request.param * number

@treadle.trace
def by_name(value):
    return f"<{value}>"

@pytest.mark.parametrize("value", [1, 2], ids=by_name)
@treadle.trace
def test_values(value, varied):
    """Are there."""
    assert varied in (3, 6)

@treadle.trace
@pytest.mark.parametrize("value", [4])
def test_outside(value, number):
    assert (value, number) == (4, 3)

class TestMethods:
    @treadle.trace
    @pytest.mark.xfail(reason="as it should", strict=True)
    def test_fails(self, number):
        assert number == 4

    @treadle.trace
    def test_fails_plainly(self, number):
        held = number + 1
        assert held == 5
'''
CLICK_FILE = '''
import click
import treadle

@click.group()
@treadle.trace
def cli():
    """Do things."""

@cli.command()
@click.argument("name")
@click.option("--count", default=1, help="How often.")
@treadle.trace
def greet(name, count):
    """Greet NAME."""
    click.echo(f"hello {name} " * count)

@treadle.trace
@cli.command()
@click.pass_context
def fail(context):
    """Fail."""
    context.exit(3)

cli(prog_name="cli")
'''
CLOUDPICKLE_FILE = """
import asyncio, pickle, sys
import cloudpickle
import treadle

FACTOR = 2

@treadle.trace(kind="tool")
def by_value(number):
    return number * FACTOR

@treadle.trace
async def later(number):
    return number * FACTOR

@treadle.trace
def stream(number):
    yield number * FACTOR

def closed_over(factor):
    return treadle.trace(lambda number: number * factor)

for function in (by_value, closed_over(3)):
    print(pickle.loads(cloudpickle.dumps(function))(3))
print(asyncio.run(pickle.loads(cloudpickle.dumps(later))(3)), list(pickle.loads(cloudpickle.dumps(stream))(3)))
"""


def test_pytest_runs_decorated_fixtures_and_tests(store: Path, tmp_path: Path) -> None:
    """Fixtures, parameters, marks and failure reports are what they are without."""
    (tmp_path / "test_inside.py").write_text(PYTEST_FILE)
    options = ("-m", "pytest", "-v", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header")
    shown = [_untimed(each) for each in twin.both(Path("test_inside.py"), cwd=tmp_path, options=options)]
    assert shown[1] == shown[0]
    assert any("1 failed, 5 passed, 1 xfailed" in line for line in shown[0][1])
    assert {"number", "varied", "by_name", "test_values"} <= {call.name for call in recorded.calls(store)}


def _untimed(shown: twin.Shown) -> tuple[int, list[str]]:
    return shown.code, [line.split(" in ")[0].strip("= ") for line in shown.output]


@pytest.mark.parametrize(
    "arguments", ["--help", "greet --help", "greet you --count 2", "greet", "fail", "greet you --count many"]
)
def test_click_runs_decorated_commands(arguments: str, tmp_path: Path) -> None:
    """Help, arguments, options and exit codes are what they are without."""
    program = tmp_path / "cli.py"
    program.write_text(CLICK_FILE)
    without, traced = twin.both(program, *arguments.split(), cwd=tmp_path)
    assert traced == without
    assert without.output or without.code


def test_cloudpickle_takes_a_decorated_function_by_value(store: Path, tmp_path: Path) -> None:
    """What is unpickled in another place is traced there."""
    pytest.importorskip("cloudpickle")
    program = tmp_path / "program.py"
    program.write_text(CLOUDPICKLE_FILE)
    without, traced = twin.both(program, cwd=tmp_path)
    assert traced == without
    assert without.output == ["6", "9", "6 [6]"]
    assert [call.output for call in recorded.calls(store)][:2] == [6, 9]
