"""Ask a model again for what a span without a function holds: one request, recorded as a span like it."""

from typing import Any

from treadle import semconv
from treadle.clients import chat_request
from treadle.errors import NotReplayableError
from treadle.loading import loaded
from treadle.model import RecordedCall
from treadle.replay.model_spans import reading
from treadle.replay.model_spans.addresses import Address, address_of
from treadle.replay.model_spans.answers import answer_attributes
from treadle.replay.model_spans.sending import ModelError, send


def ask(span: RecordedCall, request: dict[str, Any]) -> Any:
    """Send the request, or another that a replay gives in its place, and return the answer's body.

    Raises:
        NotReplayableError: this machine does not say where to send it, or with which key.
        ModelError: the server did not answer it.

    """
    for_texts = reading.asks_for_embeddings(span)
    provider = reading.provider_of(span)
    address = address_of(reading.api_of(span), provider, for_texts=for_texts)
    operation = reading.EMBEDDINGS_OPERATION if for_texts else "chat"
    told = {semconv.OPERATION: operation, **({semconv.PROVIDER: provider} if provider else {})}
    call = loaded().begin(span.name, span.kind, lambda: request, attributes={**_attributes(request, address), **told})
    if call is None:
        raise NotReplayableError("the request cannot be recorded, and so is not sent")
    if call.answer is not None:
        if call.answer.held is None:
            return call.answer.deliver(call)
        request = call.answer.held
        call.ended_attributes.update({**_attributes(request, address), **told})
    try:
        call.resume()
        body = _sent(address, request)
        call.suspend()
        call.ended_attributes.update(answer_attributes(body))
        call.end(body)
    except BaseException as error:
        if isinstance(error, ModelError) and error.status is not None:
            call.ended_attributes[semconv.ERROR_TYPE] = str(error.status)
        call.break_off(error)
        raise
    return body


def _sent(address: Address, request: dict[str, Any]) -> dict[str, Any]:
    if request.get("stream"):
        raise NotReplayableError("the answer to a span's request is asked for whole: leave `stream` out")
    try:
        return send(address, request)
    except TypeError as error:
        raise NotReplayableError(f"the request is no JSON: {error}") from error


def _attributes(request: dict[str, Any], address: Address) -> dict[str, Any]:
    return chat_request.attributes_of(request, address.url)
