"""Ask a model again: a recorded request of the OpenAI client, sent for real by the user's wish.

Address and key come from this machine's own configuration, never from the recording: a store that somebody else made
must not choose where a key goes.
"""

import asyncio
import os
from typing import Any

from treadle import semconv
from treadle.clients.chat_answer import Sum
from treadle.errors import NotReplayableError
from treadle.model import RecordedCall

CLIENT_MODULE = "openai.resources.chat.completions.completions"
DEFAULT_HOST = "api.openai.com"


def is_request(call: RecordedCall) -> bool:
    """Tell whether a recorded call is a request of the client, with no function of the project's behind it."""
    return call.function is not None and call.function.module == CLIENT_MODULE


def ask(call: RecordedCall, request: dict[str, Any]) -> Any:
    """Send the request, and return the completion, or the sum of the stream.

    Raises:
        NotReplayableError: this machine does not say where to send it, or with which key.

    """
    import openai

    host = call.attributes.get(semconv.SERVER_ADDRESS) if isinstance(call.attributes, dict) else None
    if host not in (None, DEFAULT_HOST) and not os.environ.get("OPENAI_BASE_URL"):
        raise NotReplayableError(f"the request went to {host}: say where it may go now, by setting OPENAI_BASE_URL")
    is_later = call.function is not None and call.function.qualname.startswith("Async")
    try:
        return asyncio.run(_ask_later(request)) if is_later else _ask(openai.OpenAI(), request)
    except openai.OpenAIError as error:
        if isinstance(error, openai.APIError):
            raise
        raise NotReplayableError(f"the request cannot be sent: {error}") from error


def _ask(client: Any, request: dict[str, Any]) -> Any:
    answer = client.chat.completions.create(**request)
    if not request.get("stream"):
        return answer
    total = Sum()
    for chunk in answer:
        total.add(chunk)
    return total.total()


async def _ask_later(request: dict[str, Any]) -> Any:
    import openai

    async with openai.AsyncOpenAI() as client:
        answer: Any = await client.chat.completions.create(**request)
        if not request.get("stream"):
            return answer
        total = Sum()
        async for chunk in answer:
            total.add(chunk)
        return total.total()
