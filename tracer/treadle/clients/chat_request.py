"""What was asked of a chat model: the request as it is recorded, and what of it goes on the span."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from treadle import semconv

if TYPE_CHECKING:
    from treadle.call import Call

TRANSPORT_ARGUMENTS = frozenset({"extra_headers", "timeout"})
"""How a request travels, not what it asks; headers carry keys."""
NOT_GIVEN_TYPES = frozenset({"NotGiven", "Omit"})
EXTRAS = frozenset({"extra_query", "extra_body"})
RAW_HEADER = "X-Stainless-Raw-Response"

_ATTRIBUTES = {
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "n": semconv.REQUEST_CHOICES,
    "seed": semconv.REQUEST_SEED,
    "stream": semconv.REQUEST_STREAM,
}
_PROVIDERS = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "amazonaws.com": "aws.bedrock",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "api.fireworks.ai": "fireworks",
    "api.together.xyz": "together",
    "openrouter.ai": "openrouter",
}
COMPATIBLE = "openai"
"""The provider of a host that is not known: the convention asks for the one whose API it speaks."""


def request_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that the arguments make: what was given, nothing else."""
    return {
        name: value
        for name, value in arguments.items()
        if name not in TRANSPORT_ARGUMENTS
        and type(value).__name__ not in NOT_GIVEN_TYPES
        and not (value is None and name in EXTRAS)
    }


def given_instead(call: "Call") -> dict[str, Any]:
    """Return the arguments that a replay sends in the place of the program's own; nothing outside of one."""
    return (call.answer.held or {}) if call.answer is not None else {}


def keep_iterators(arguments: dict[str, Any]) -> None:
    """Turn arguments that can be read only once into lists: the client and the record both read them."""
    for name in ("messages", "tools"):
        if isinstance(arguments.get(name), Iterator):
            arguments[name] = list(arguments[name])


def is_streaming(arguments: Mapping[str, Any]) -> bool:
    """Tell whether the answer is asked for as a stream."""
    return bool(arguments.get("stream"))


def raw_mode(arguments: Mapping[str, Any]) -> str | None:
    """Return how a raw response was asked for: `true` by `with_raw_response`, `stream` by the streaming one."""
    mode = (arguments.get("extra_headers") or {}).get(RAW_HEADER)
    return mode if isinstance(mode, str) else None


def attributes_of(request: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return the attributes of the span, as OpenTelemetry names them."""
    host = urlsplit(base_url).hostname or ""
    attributes: dict[str, Any] = {semconv.OPERATION: "chat", semconv.PROVIDER: provider_of(host)}
    if isinstance(model := request.get("model"), str):
        attributes[semconv.REQUEST_MODEL] = model
    for name, attribute in _ATTRIBUTES.items():
        if isinstance(value := request.get(name), int | float):
            attributes[attribute] = value
    if host:
        attributes[semconv.SERVER_ADDRESS] = host
    return attributes


def provider_of(host: str) -> str:
    """Return the provider behind a host, by the convention's names where it has one."""
    return next((name for known, name in _PROVIDERS.items() if host == known or host.endswith(f".{known}")), COMPATIBLE)
