"""The request that a model's span holds, as the API that it is sent to takes it.

Of each thing the first dialect that tells it counts: one with names of its own, then the conventions, then a request
that was recorded as it was. What the span does not hold is told, and what to do about it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol, TypeAlias

import orjson

from treadle import semconv
from treadle.errors import NotReplayableError
from treadle.hiding import PAYLOAD
from treadle.kinds import ASKED_KINDS
from treadle.masking import MASKED
from treadle.model import Function, Json
from treadle.replay.model_spans import anthropic_body, genai, openai_body, openinference, openllmetry
from treadle.replay.model_spans.held import Attributes, Held, Message, items_of, parsed, text_of, together
from treadle.replay.model_spans.raw_request import request_in
from treadle.values.view import TAG, unwrap

API: TypeAlias = Literal["openai", "anthropic"]
DIALECTS = (openinference, openllmetry, genai)
PROVIDERS = ("llm.provider", semconv.PROVIDER, "gen_ai.system", "llm.system")
CHAT_OPERATIONS = (None, "chat", "generate_content")
EMBEDDINGS_OPERATION = "embeddings"
HIDDEN = "__REDACTED__"
"""What OpenInference writes in the place of what it was told to hide."""
EARLIER = ("gen_ai.request.previous_response.id", "gen_ai.previous_response.id")
_ASKING = ("gen_ai.", "llm.", "embedding.", "input.")
_ANSWERING = ("gen_ai.output.", "gen_ai.completion.", "gen_ai.response.", "gen_ai.usage.", "llm.output_messages.")
_ROLES = {"model": "assistant", "ai": "assistant", "human": "user"}
_KNOWN_ROLES = ("system", "developer", "user", "assistant", "tool")
_CAPTURE = (
    "switch content capture on, e.g. OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only, and record it anew"
)


class ModelSpan(Protocol):
    """What is read of a recorded call, or of a step."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def function(self) -> Function | None: ...  # noqa: D102
    @property
    def attributes(self) -> Json: ...  # noqa: D102
    @property
    def input_tagged(self) -> bytes | None: ...  # noqa: D102


def is_model_span(span: ModelSpan) -> bool:
    """Tell whether a step is a model's span without a function: all there is to call again is what it holds."""
    return span.function is None and span.kind in ASKED_KINDS


def attributes_of(span: ModelSpan) -> Attributes:
    """Return a span's attributes, none where there are none."""
    return span.attributes if isinstance(span.attributes, dict) else {}


def provider_of(span: ModelSpan) -> str | None:
    """Return which provider a span says it asked, in lower case."""
    attributes = attributes_of(span)
    named = (text_of(attributes.get(name)) for name in PROVIDERS)
    return next((name.lower() for name in named if name is not None), None)


def api_of(span: ModelSpan) -> API:
    """Return which API a span's request is sent to."""
    return "anthropic" if provider_of(span) == "anthropic" else "openai"


def asks_for_embeddings(span: ModelSpan) -> bool:
    """Tell whether a span asks for vectors, not for an answer."""
    return span.kind == "embedding" or attributes_of(span).get(semconv.OPERATION) == EMBEDDINGS_OPERATION


def request_of(span: ModelSpan, *, model: str | None = None) -> bytes:
    """Return the body of the request that a span holds, as tagged JSON; `model` is asked instead of its own.

    Raises:
        NotReplayableError: the span does not hold it; the message says what is missing, and what to do.

    """
    try:
        return orjson.dumps(_request(span, model))
    except NotReplayableError as error:
        raise NotReplayableError(f"{span.name} cannot be asked again: {error}") from error
    except (TypeError, RecursionError) as error:
        raise NotReplayableError(f"{span.name} cannot be asked again: what it holds is no request: {error}") from error


def _request(span: ModelSpan, model: str | None) -> dict[str, Any]:
    if span.input_tagged == PAYLOAD:
        raise NotReplayableError("its inputs are hidden; record it anew without hide_inputs for it")
    _check_operation(span)
    attributes = attributes_of(span)
    held = together(dialect.read(attributes) for dialect in DIALECTS)
    body = _embeddings(span, held) if asks_for_embeddings(span) else _chat(span, held)
    asked = model or held.model or body.get("model") or held.answering_model
    if not asked:
        raise NotReplayableError("which model was asked was not recorded: say which, with --model NAME")
    _check_masked(attributes)
    if HIDDEN in _texts_in(body):
        raise NotReplayableError(
            "part of its input was hidden when it was recorded: unset OPENINFERENCE_HIDE_*, and record it anew"
        )
    return {"model": asked, **{name: value for name, value in body.items() if name != "model"}}


def _check_masked(attributes: Attributes) -> None:
    """Refuse what would not be sent as it was; an answer that was masked is only compared."""
    for name in items_of(attributes.get(MASKED)):
        if isinstance(name, str) and name.startswith(_ASKING) and not name.startswith(_ANSWERING):
            raise NotReplayableError(
                f"its {name} held a secret, which was masked: keep it out of what the model is told, and record it anew"
            )


def _check_operation(span: ModelSpan) -> None:
    attributes = attributes_of(span)
    operation = text_of(attributes.get(semconv.OPERATION))
    if asks_for_embeddings(span):
        if api_of(span) == "anthropic":
            raise NotReplayableError("the Anthropic API has no embeddings")
        return
    if operation not in CHAT_OPERATIONS:
        raise NotReplayableError(f"it is a {operation}, and only chats and embeddings are asked again")
    if attributes.get("gen_ai.output.type") not in (None, "text", "json"):
        raise NotReplayableError(f"it asked for {attributes['gen_ai.output.type']}, and only text is asked for again")
    if any(attributes.get(name) for name in EARLIER):
        raise NotReplayableError("what was said before is kept by the provider (previous_response.id), not by the span")


def _embeddings(span: ModelSpan, held: Held) -> dict[str, Any]:
    raw = None if held.texts else _raw_request(span, for_texts=True)
    if raw is not None:
        return {**_escaped(held.parameters or {}), **raw}
    if not held.texts or not all(isinstance(text, str) for text in held.texts):
        raise NotReplayableError(
            "the text that it embedded was not captured: the conventions have no attribute for it; give it to the span "
            "(OpenInference's embedding.embeddings.0.embedding.text), or replay a step above it"
        )
    return _escaped(openai_body.embeddings(held))  # type: ignore[no-any-return]


def _chat(span: ModelSpan, held: Held) -> dict[str, Any]:
    raw = None if held.messages else _raw_request(span, for_texts=False)
    api = anthropic_body if api_of(span) == "anthropic" else openai_body
    if raw is not None:
        return {**_escaped(api.options(held)), **raw}
    if not held.messages and attributes_of(span).get("gen_ai.input.messages"):
        raise NotReplayableError("its gen_ai.input.messages are no list of messages: write them as JSON")
    return _escaped(api.chat(held, _checked(held.messages or ())))  # type: ignore[no-any-return]


def _raw_request(span: ModelSpan, *, for_texts: bool) -> dict[str, Any] | None:
    """Return a request that was recorded as it was, as tagged JSON: what the span was given has its tags already."""
    written = request_in(parsed(attributes_of(span).get(semconv.INPUT)), for_texts=for_texts)
    if written is not None:
        return _escaped(written)  # type: ignore[no-any-return]
    given = orjson.loads(span.input_tagged or b"{}")
    shown = request_in(unwrap(given), for_texts=for_texts) or {}
    return {name: given[name] for name in shown} if shown and TAG not in given else None


def _checked(messages: tuple[Message | None, ...]) -> tuple[Message, ...]:
    """Return the messages, all of which must have been captured.

    Raises:
        NotReplayableError: they were not, or one lacks what it would be sent with.

    """
    if not messages:
        raise NotReplayableError(f"its messages were not captured: {_CAPTURE}")
    checked = tuple(_checked_message(number, message) for number, message in enumerate(messages, start=1))
    called: set[Any] = set()
    for number, message in enumerate(checked, start=1):
        called |= {part["id"] for part in message.parts if part.get("type") == "tool_call"}
        answered = {part["id"] for part in message.parts if part.get("type") == "tool_call_response"}
        if not answered <= called:
            raise NotReplayableError(
                f"its message {number} answers a tool's call that none before it makes: what was said before is not "
                "in the span"
            )
    return checked


def _checked_message(number: int, message: Message | None) -> Message:
    if message is None:
        raise NotReplayableError(f"its message {number} was not captured: {_CAPTURE}")
    role = _ROLES.get(message.role, message.role)
    if role not in _KNOWN_ROLES:
        raise NotReplayableError(f"its message {number} has the role {role!r}, which no API takes")
    is_answer = role == "tool"
    for part in message.parts:
        kind = part.get("type")
        if kind in ("tool_call", "tool_call_response") and not text_of(part.get("id")):
            raise NotReplayableError(f"its message {number} has a tool's call or answer without the call's id")
        if kind == "tool_call" and not text_of(part.get("name")):
            raise NotReplayableError(f"its message {number} calls a tool without a name")
        if kind == "text" and not isinstance(part.get("content"), str):
            raise NotReplayableError(f"the text of its message {number} was not captured: {_CAPTURE}")
        is_answer = is_answer and kind != "tool_call_response"
    if is_answer:
        raise NotReplayableError(f"its message {number} is of a tool, and does not say which call it answers")
    return Message(role, message.parts, message.name)


def _escaped(value: Any) -> Any:
    """Return plain JSON as tagged JSON: what looks like a tag in what somebody said is none."""
    if isinstance(value, Mapping):
        held = {str(name): _escaped(item) for name, item in value.items()}
        return {TAG: "dict", "v": [list(pair) for pair in held.items()]} if TAG in held else held
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)
