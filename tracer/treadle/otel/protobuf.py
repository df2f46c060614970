"""OTLP as protobuf: one `ResourceSpans` from and to the JSON that OTLP has for it.

The JSON is protobuf's own, so ids are base64 text in it, and kinds and status codes are names.
"""

from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from treadle.errors import JournalError


def resource_spans_from(data: bytes) -> dict[str, Any]:
    """Return a serialized `ResourceSpans` as JSON has it.

    Raises:
        JournalError: it is none.

    """
    try:
        body: dict[str, Any] = MessageToDict(ResourceSpans.FromString(data))
    except (DecodeError, RecursionError, ValueError) as error:
        raise JournalError(f"not OTLP protobuf: {' '.join(str(error).split())}") from error
    return body


def resource_spans_bytes(body: dict[str, Any]) -> bytes:
    """Return the JSON of a `ResourceSpans` serialized.

    Raises:
        JournalError: it cannot be: a text of it is no Unicode.

    """
    try:
        data: bytes = ParseDict(body, ResourceSpans()).SerializeToString()
    except (ParseError, ValueError) as error:
        raise JournalError(f"cannot be written as OTLP protobuf: {error}") from error
    return data
