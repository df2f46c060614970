"""Spans of real instrumentations: each is a request, or a refusal that says what its span lacks.

They are no part of the project: `TREADLE_LANGFUSE` names their folder, and without one this is skipped. The fixtures
of the project's own, `spans_held.py`, are written after them.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spans_held import request
from treadle.errors import NotReplayableError
from treadle.replay.model_spans.held import parsed

FOLDER = Path(os.environ.get("TREADLE_LANGFUSE") or Path(__file__).parents[3] / "shared/corpora/langfuse")
TRACES = sorted(FOLDER.glob("*.trace.json"))
pytestmark = pytest.mark.skipif(not TRACES, reason="the traces are not there")
CAPTURED = ("beeai", "crewai", "google-adk", "koog", "microsoft-agent", "pydantic-ai-tools")
"""Of these at least one model span holds a whole conversation."""
LACKING = {
    "beeai": "its messages were not captured",
    "microsoft-agent": "its message 1 answers a tool's call that none before it makes",
    "agno": "its message 3 was not captured",
    "google-adk": "has a tool's call or answer without the call's id",
    "koog": "is of a tool, and does not say which call it answers",
    "langgraph-python": "its messages were not captured",
    "pydantic-ai-2025-06-06": "its messages were not captured",
    "vercel": "its messages were not captured",
}
"""Of these at least one does not, and why."""


def generations(trace: Path) -> Iterator[dict[str, Any]]:
    """Yield the attributes of a trace's model spans; the exporter took the messages of the conventions out of them."""
    for observation in json.loads(trace.read_text())["observations"]:
        if observation["type"] == "GENERATION":
            attributes = parsed((parsed(observation.get("metadata")) or {}).get("attributes")) or {}
            messages = parsed(observation.get("input"))
            if isinstance(messages, list) and messages and "parts" in messages[0]:
                attributes["gen_ai.input.messages"] = messages
            yield attributes


def asked(attributes: dict[str, Any]) -> Any:
    """Return the request that a span holds, or the refusal."""
    try:
        return request(attributes)
    except NotReplayableError as error:
        return str(error)


@pytest.mark.parametrize("name", CAPTURED)
def test_what_was_captured_is_a_request(name: str) -> None:
    """Every message with its role and what it says."""
    (trace,) = [trace for trace in TRACES if trace.name.startswith(name)]
    requests = [held for held in map(asked, generations(trace)) if isinstance(held, dict)]
    assert requests
    for held in requests:
        assert held["messages"][0]["role"] in ("system", "user")
        assert all(message.get("content") or message.get("tool_calls") for message in held["messages"])
        assert not {"stream", "server.address", "traceId"} & held.keys()
        assert None not in held.values()
        assert all(tool["type"] == "function" for tool in held.get("tools", ()))


@pytest.mark.parametrize(("name", "why"), LACKING.items(), ids=LACKING)
def test_what_was_not_captured_is_told(name: str, why: str) -> None:
    """A conversation with a hole in it is not sent."""
    (trace,) = [trace for trace in TRACES if trace.name.startswith(name)]
    refusals = [held for held in map(asked, generations(trace)) if isinstance(held, str)]
    assert any(why in refusal for refusal in refusals), refusals
