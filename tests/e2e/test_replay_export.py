"""A failing chain as a test of its project: it fails before the mend and passes after it, and needs nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.commands import recorded_run, treadle
from e2e.conftest import Project
from servers import Answer, ModelServer

CHAIN = """
import json, sys, treadle
from pathlib import Path

@treadle.trace(kind="tool")
def look_up(path, amount):
    with open("asked.txt", "a") as log:
        log.write("look_up\\n")
    return {"from": path, "amounts": (amount, 2)}

@treadle.trace(kind="llm")
def generate(prompt):
    return 'Sure: {"refund": 7, "of": "%s"}' % ("long " * 20_000)

@treadle.trace
def parse(text):
    return json.loads(text)

@treadle.trace
def chain(amount):
    found = look_up(str(Path(__file__).parent / "orders.csv"), amount)
    return parse(generate(f"Refund {found['amounts'][0]} as of {found['from']}?"))["refund"]

if __name__ == "__main__":
    try:
        print(chain(7))
    except ValueError:
        pass
"""
MENDED = CHAIN.replace("json.loads(text)", "json.loads(text[text.index('{'):])")
STREAMED = """
import treadle

@treadle.trace(kind="llm")
def words(prompt):
    yield from ["one", "two", "", "three"]

@treadle.trace
def chain():
    found = list(words("count"))
    return [word[0] for word in found]

if __name__ == "__main__":
    try:
        chain()
    except IndexError:
        pass
"""
ASKING = """
import json, openai, os, sys, treadle

treadle.instrument()

@treadle.trace
def chain(url):
    client = openai.OpenAI(base_url=url, max_retries=0)
    said = [{"role": "user", "content": "Where? In JSON."}]
    answer = client.chat.completions.create(model="gpt-4o", messages=said).choices[0].message.content
    return json.loads(answer)["city"]

if __name__ == "__main__":
    try:
        chain(sys.argv[1])
    except ValueError:
        pass
"""
PROGRAM = """
import json, openai, sys

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
messages = [{"role": "user", "content": "Where? In JSON."}]
answer = client.chat.completions.create(model="gpt-4o", messages=messages).choices[0].message.content
print("answered", json.loads(answer))
"""


def pytest_in(folder: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the tests of a project on their own: no store, no key, no secret in the environment."""
    kept = ("PATH", "PYTHONPATH", "HOME", "LANG")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
            *arguments,
            str(folder / "tests"),
        ],
        cwd=cwd or folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def exported(project: Project, *options: str) -> str:
    """Export the newest failed trace as the command does, and return what it says; then take store and key away."""
    ran = treadle("replay", "last", "--export", "tests/test_refund.py", *options, cwd=project.folder)
    assert ran.code == 0, ran.err
    forget_everything(project)
    return ran.out


def forget_everything(project: Project) -> None:
    """Remove the store and the key that the recording was signed with."""
    project.forget_store()
    shutil.rmtree(os.environ["TREADLE_STORE"])
    Path(os.environ["TREADLE_KEY_FILE"]).unlink()


def test_it_fails_until_the_chain_is_mended(project: Project) -> None:
    """With the store and the key gone, from another folder of the project, side by side with others."""
    project.record(CHAIN)
    said = exported(project)
    assert said.splitlines()[0].startswith("wrote tests/test_refund.py and tests/test_refund.json (4 calls): it fails")
    asked = (project.folder / "asked.txt").read_text()
    failed = pytest_in(project.folder)
    assert failed.returncode == 1
    assert "it raised JSONDecodeError: Expecting value: line 1 column 1 (char 0)" in failed.stdout
    assert "return json.loads(text)" in failed.stdout.partition("Captured stdout")[2]
    project.write(MENDED)
    passed = pytest_in(project.folder, "-n", "2", cwd=project.folder / "tests")
    assert (passed.returncode, "1 passed" in passed.stdout) == (0, True), passed.stdout
    assert (project.folder / "asked.txt").read_text() == asked


def test_it_passes_on_another_machine(project: Project, tmp_path: Path) -> None:
    """The project under another name, with the paths that went into its calls; no path of this machine is in it."""
    project.record(CHAIN)
    exported(project)
    written = (project.folder / "tests" / "test_refund.json").read_text()
    assert str(tmp_path) not in written + (project.folder / "tests" / "test_refund.py").read_text()
    assert sys.prefix not in written
    project.write(MENDED)
    elsewhere = tmp_path / "elsewhere" / "checkout"
    elsewhere.parent.mkdir()
    project.folder.rename(elsewhere)
    passed = pytest_in(elsewhere)
    assert (passed.returncode, "1 passed" in passed.stdout) == (0, True), passed.stdout
    assert [file.name for file in (elsewhere / "tests").iterdir() if not file.name.startswith("__")] == sorted(
        ["test_refund.py", "test_refund.json"], key=[file.name for file in (elsewhere / "tests").iterdir()].index
    )


def test_a_stream_is_answered_chunk_by_chunk(project: Project) -> None:
    """As it was recorded."""
    project.record(STREAMED)
    exported(project)
    assert "IndexError" in pytest_in(project.folder).stdout
    project.write(STREAMED.replace("word[0]", "word[:1]"))
    assert pytest_in(project.folder).returncode == 0


@pytest.mark.parametrize("source", [ASKING, PROGRAM], ids=["decorated", "program"])
def test_a_models_answer_needs_neither_server_nor_key(
    project: Project, source: str, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked by the client in a decorated function, or in a program under `treadle run`."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-9kL2mN4pQ6rS8tU1vW0x")
    model_server.script(Answer('Sure: {"city": "Oslo"}'))
    if source is ASKING:
        project.record(source, model_server.base_url)
    else:
        project.write(source)
        recorded_run("run", str(project.program), model_server.base_url, cwd=project.folder)
    model_server.stop()
    exported(project)
    assert "9kL2mN4p" not in (project.folder / "tests" / "test_refund.json").read_text()
    failed = pytest_in(project.folder)
    assert (failed.returncode, "JSONDecodeError" in failed.stdout) == (1, True), failed.stdout
    project.write(source.replace("json.loads(answer)", "json.loads(answer[answer.index('{'):])"))
    passed = pytest_in(project.folder)
    assert (passed.returncode, model_server.count) == (0, 1), passed.stdout


def test_it_records_nowhere(project: Project) -> None:
    """Not even where the program says: neither a store nor a key is made, and no collector is asked."""
    configured = MENDED.replace(
        '@treadle.trace(kind="tool")',
        'treadle.configure(store=Path(__file__).parent / "chosen", forward="http://127.0.0.1:9")\n\n'
        '@treadle.trace(kind="tool")',
    )
    project.record(MENDED)
    exported(project)
    project.write(configured)
    passed = pytest_in(project.folder)
    assert passed.returncode == 0, passed.stdout
    assert not (project.folder / "chosen").exists()
    assert not Path(os.environ["TREADLE_KEY_FILE"]).exists()


def test_a_package_with_sources_of_their_own(project: Project, tmp_path: Path) -> None:
    """Modules, relative entries of the path, a script in a folder: found from where the test lies, elsewhere too."""
    package = project.folder / "src" / "shop"
    package.mkdir(parents=True)
    (project.folder / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    (package / "__init__.py").write_text("")
    (package / "chains.py").write_text(CHAIN.partition("if __name__")[0])
    (project.folder / "scripts").mkdir()
    script = project.folder / "scripts" / "run.py"
    script.write_text(
        "import sys\nsys.path.insert(0, 'src')\nfrom shop.chains import chain\n"
        "try:\n    chain(7)\nexcept ValueError:\n    pass\n"
    )
    recorded_from = subprocess.run([sys.executable, str(script)], cwd=project.folder, check=False)
    assert recorded_from.returncode == 0
    exported(project)
    (package / "chains.py").write_text(MENDED.partition("if __name__")[0])
    project.folder.rename(tmp_path / "shop")
    passed = pytest_in(tmp_path / "shop", cwd=tmp_path)
    assert passed.returncode == 0, passed.stdout


def test_strictly_a_call_that_is_not_made_any_more_fails_it(project: Project) -> None:
    """As `treadle replay --strict` does."""
    source = """
import treadle

@treadle.trace(kind="tool")
def notify(text): return None

@treadle.trace
def chain(text):
    notify(text)
    return text

if __name__ == "__main__":
    chain("hello")
"""
    project.record(source)
    exported(project, "--strict")
    assert pytest_in(project.folder).returncode == 0
    project.write(source.replace("    notify(text)\n", ""))
    failed = pytest_in(project.folder)
    assert (failed.returncode, "notify was not asked for" in failed.stdout) == (1, True), failed.stdout
