"""What a span does not hold is told, with what to do next; odd values are told too, and never raise otherwise."""

import json
import random
from typing import Any

import pytest

from spans_held import GENAI, OPENINFERENCE, OPENLLMETRY, request
from treadle.errors import NotReplayableError

CAPTURE = (
    "switch content capture on, e.g. OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only, and record it anew"
)
CLAUDE = {**GENAI, "gen_ai.provider.name": "anthropic"}
ADVICE = "the conventions have no attribute for it; give it to the span (OpenInference's"
MIDDLE = [{"role": role, "parts": [{"type": "text", "content": "a"}]} for role in ("user", "system")]


def but(attributes: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return attributes without those that begin so."""
    return {name: value for name, value in attributes.items() if not name.startswith(names)}


UNTOLD = but(GENAI, "gen_ai.input", "gen_ai.system_i")


def call(**fields: Any) -> dict[str, Any]:
    """Return attributes with a message of one part."""
    return {**UNTOLD, "gen_ai.input.messages": [{"role": "assistant", "parts": [fields]}]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "content off": (UNTOLD, f"its messages were not captured: {CAPTURE}"),
    "no attribute": ({}, f"its messages were not captured: {CAPTURE}"),
    "messages that are no JSON": (
        {**GENAI, "gen_ai.input.messages": "[{'role': 'user'}]"},
        "its gen_ai.input.messages are no list of messages: write them as JSON",
    ),
    "a gap": (but(OPENINFERENCE, "llm.input_messages.2"), f"its message 3 was not captured: {CAPTURE}"),
    "a role alone": (but(OPENLLMETRY, "gen_ai.prompt.0.content"), f"its message 1 was not captured: {CAPTURE}"),
    "a text that is none": (call(type="text", content=None), f"the text of its message 1 was not captured: {CAPTURE}"),
    "no model": (
        but(GENAI, "gen_ai.request.model", "gen_ai.response.model"),
        "which model was asked was not recorded: say which, with --model NAME",
    ),
    "hidden": (
        {**OPENINFERENCE, "llm.input_messages.0.message.content": "__REDACTED__"},
        "part of its input was hidden when it was recorded: unset OPENINFERENCE_HIDE_*, and record it anew",
    ),
    "a tool's answer to no call": (
        {**OPENLLMETRY, "gen_ai.prompt.3.tool_call_id": ""},
        "its message 4 is of a tool, and does not say which call it answers",
    ),
    "a tool's answer to a call before": (
        but(OPENLLMETRY, "gen_ai.prompt.2.tool_calls") | {"gen_ai.prompt.2.content": "well"},
        "its message 4 answers a tool's call that none before it makes: what was said before is not in the span",
    ),
    "a tool's call without an id": (
        call(type="tool_call", name="t", arguments={}),
        "its message 1 has a tool's call or answer without the call's id",
    ),
    "a tool's call without a name": (
        call(type="tool_call", id="1", arguments={}),
        "its message 1 calls a tool without a name",
    ),
    "an unknown role": (
        {**UNTOLD, "gen_ai.input.messages": [{"role": "critic", "parts": []}]},
        "its message 1 has the role 'critic', which no API takes",
    ),
    "a text completion": (
        {**GENAI, "gen_ai.operation.name": "text_completion"},
        "it is a text_completion, and only chats and embeddings are asked again",
    ),
    "an image": (
        {**GENAI, "gen_ai.output.type": "image"},
        "it asked for image, and only text is asked for again",
    ),
    "a response before": (
        {**GENAI, "gen_ai.request.previous_response.id": "resp_1"},
        "what was said before is kept by the provider (previous_response.id), not by the span",
    ),
    "arguments that are none": (
        {**call(type="tool_call", id="1", name="t", arguments="{"), "gen_ai.provider.name": "anthropic"},
        "the arguments of the tool call 't' are no JSON object",
    ),
    "a system in the middle": (
        {**CLAUDE, "gen_ai.input.messages": MIDDLE},
        "a system message in the middle has no place in this API",
    ),
}


@pytest.mark.parametrize(("attributes", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_span_does_not_hold_is_told(attributes: dict[str, Any], why: str) -> None:
    """The message names what is missing, and what to do."""
    with pytest.raises(NotReplayableError) as refused:
        request(attributes)
    assert str(refused.value) == f"chat gpt-x cannot be asked again: {why}"


def test_an_embedding_without_its_text_is_refused() -> None:
    """The official instrumentations never tell it; Anthropic has none."""
    with pytest.raises(NotReplayableError, match="the text that it embedded was not captured") as refused:
        request({"gen_ai.request.model": "m"}, kind="embedding")
    assert ADVICE in str(refused.value)
    with pytest.raises(NotReplayableError, match="the text that it embedded was not captured"):
        request({"embedding.embeddings.0.embedding.vector": [0.1], "gen_ai.request.model": "m"}, kind="embedding")
    with pytest.raises(NotReplayableError, match="the Anthropic API has no embeddings"):
        request({"gen_ai.system": "anthropic", "gen_ai.prompt.0.content": "one"}, kind="embedding")


def test_hidden_inputs_are_not_asked_again() -> None:
    """What a new trace would show of them was to be shown nowhere."""
    with pytest.raises(NotReplayableError, match="its inputs are hidden; record it anew without hide_inputs for it"):
        request(GENAI, input_tagged=b'{"$":"hidden","v":null}')


ODD = [
    None, True, 7, -1.5, "", "x", "{", "[]", "{}", "[1]", "null", '[{"role": 1}]', [], {}, [None], [[]], [{}], {"a": 1},
    [{"role": "user"}], [{"role": "user", "parts": [None, 7, {}, {"type": []}]}], [{"role": "user", "parts": "x"}],
    '{"messages": [{"role": "user", "content": {}}], "input": 7}', "[" * 5000, {"type": "function", "function": 7},
    2**70,
]  # fmt: skip
MORE_NAMES = (
    "gen_ai.prompt.0", "gen_ai.prompt.99999999999", "gen_ai.prompt.5000.role", "gen_ai.prompt.x.role", "input.value",
    "gen_ai.prompt.٣.role", "llm.input_messages", "llm.input_messages.0.message.contents.0.message_content.type",
    "llm.tools.0.tool.json_schema", "embedding.embeddings.0.embedding.text",
    "llm.input_messages.0.message.tool_calls.0",
)  # fmt: skip


def test_odd_values_are_a_request_or_a_refusal() -> None:
    """Whatever stands under the names that are read: the one or the other, and no other error."""
    names = [*GENAI, *OPENINFERENCE, *OPENLLMETRY, *MORE_NAMES]
    bases = (GENAI, OPENINFERENCE, OPENLLMETRY, {})
    chosen = random.Random(1)
    refused = 0
    for _ in range(4000):
        odd = {chosen.choice(names): chosen.choice(ODD) for _ in range(chosen.randint(1, 4))}
        attributes = {**chosen.choice(bases), **odd}
        try:
            held = request(attributes, kind=chosen.choice(("llm", "embedding")))
        except NotReplayableError:
            refused += 1
        else:
            assert isinstance(json.loads(json.dumps(held)), dict)
            assert held["model"]
    assert 1000 < refused < 4000
