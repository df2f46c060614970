"""What comes back from the OpenAI client: recorded as it is handed to the user, or served from a recording."""

from typing import TYPE_CHECKING, Any

from openai import AsyncStream, OpenAIError, Stream
from openai._legacy_response import LegacyAPIResponse
from openai.types.chat import ChatCompletion

from treadle import guard
from treadle.clients import chat_answer, chat_request, openai_responses, openai_served, openai_streams
from treadle.replay.answers import served_by

if TYPE_CHECKING:
    from treadle.call import Call


def recorded(call: "Call", result: Any) -> Any:
    """Record a result, or begin to record a stream; returns what the client returned."""
    answer = result
    if isinstance(result, LegacyAPIResponse):
        try:
            answer = result.parse()
        except (OpenAIError, ValueError, TypeError) as error:
            call.fail(error)
            return result
    if isinstance(answer, Stream | AsyncStream):
        if guard.attempt(lambda: openai_streams.record(answer, call)) is None:
            call.end(None)
        return result
    if isinstance(answer, ChatCompletion):
        guard.attempt(lambda: call.ended_attributes.update(chat_answer.attributes_of(answer)))
    call.end(answer)
    return result


def serve(call: "Call", client: Any, arguments: dict[str, Any]) -> Any:
    """Return what the recording answers, as the client would: nothing is sent."""
    answer = served_by(call)
    if not chat_request.is_streaming(arguments) or not _was_opened(answer):
        return _as_asked(answer.deliver(call), client, arguments)
    return _as_asked(openai_served.stream(call, client), client, arguments)


async def serve_later(call: "Call", client: Any, arguments: dict[str, Any]) -> Any:
    """Do the same for the async client."""
    answer = served_by(call)
    if not chat_request.is_streaming(arguments) or not _was_opened(answer):
        return _as_asked(await answer.deliver_later(call), client, arguments)
    return _as_asked(openai_served.stream_later(call, client), client, arguments)


def _as_asked(served: Any, client: Any, arguments: dict[str, Any]) -> Any:
    if chat_request.raw_mode(arguments) == "true":
        return openai_responses.raw(client, served, stream=chat_request.is_streaming(arguments))
    return served


def _was_opened(answer: Any) -> bool:
    """Tell whether the recorded call handed out a stream; one that failed before, or has no recording, raises now."""
    call = getattr(answer, "recorded", None)
    if call is None:
        return False
    attributes = call.attributes if isinstance(call.attributes, dict) else {}
    return call.status != "error" or bool(call.chunks) or openai_streams.FAILED_IN_STREAM in attributes
