"""Real answers of OpenAI's API, served on loopback to the real client: the record holds all of them.

The recordings are no part of the project: `TREADLE_CASSETTES` names their folder, and without one this is skipped.
"""

import json
import os
from pathlib import Path
from typing import Any

import openai
import pytest

import recorded
from servers import Answer, ModelServer

FOLDER = Path(os.environ.get("TREADLE_CASSETTES") or Path(__file__).parents[3] / "shared/corpora/cassettes")
CASSETTES = sorted(FOLDER.glob("*openai*.yaml"))
PATH = "/chat/completions"


def exchanges(cassette: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the chat requests of a cassette, each with its answer."""
    yaml = pytest.importorskip("yaml")
    found = []
    for interaction in yaml.load(cassette.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["interactions"]:
        if "request" not in interaction:
            continue
        request, response = interaction["request"], interaction["response"]
        if request["uri"].endswith(PATH) and response["status"]["code"] == 200:
            found.append((_body(request), _body(response)))
    return found


def _body(message: dict[str, Any]) -> dict[str, Any]:
    held = message.get("parsed_body") or message["body"]
    held = held.get("string", held) if isinstance(held, dict) else held
    body: dict[str, Any] = json.loads(held) if isinstance(held, str | bytes) else held
    return body


def holds(recording: Any, answer: Any) -> bool:
    """Tell whether everything in the answer is in the recording."""
    if isinstance(answer, dict):
        return all(holds(recording.get(name), value) for name, value in answer.items())
    if isinstance(answer, list):
        return len(recording) == len(answer) and all(map(holds, recording, answer))
    return bool(recording == answer)


@pytest.mark.skipif(not CASSETTES, reason="the recorded HTTP is not here")
@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem[:60])
def test_real_answers_are_recorded_whole(
    cassette: Path, client: openai.OpenAI, model_server: ModelServer, store: Path
) -> None:
    """Each request is the input as it was given, each answer is in the output with everything in it."""
    found = exchanges(cassette)
    if not found:
        pytest.skip("it has no chat completion")
    for request, answer in found:
        model_server.script(Answer(body=json.dumps(answer)))
        client.chat.completions.create(**request)
    for call, (request, answer) in zip(recorded.calls(store), found, strict=True):
        assert call.start["in"] == request
        assert holds(call.output, answer)
        assert call.end["attrs"]["gen_ai.response.model"] == answer["model"]
        assert call.end["attrs"]["gen_ai.usage.input_tokens"] == answer["usage"]["prompt_tokens"]
