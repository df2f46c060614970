"""Send a request to a model over the standard library, and return what it answered.

No redirect is followed: the key would go along.
"""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from treadle.replay.model_spans.addresses import Address
from treadle.version import __version__

TIMEOUT_S = 600.0
"""As long as the providers' own clients wait."""
MOST_ANSWERED = 64 * 1024 * 1024
MOST_EXPLAINED = 64 * 1024
LONGEST_MESSAGE = 500
AGENT = f"treadle/{__version__}"
"""Python's own is turned away by what stands before some providers."""


class ModelError(Exception):
    """The model's server did not answer, or answered with an error: how the step failed, and no fault of a replay."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def send(address: Address, request: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Send a request and return the answer's body; `timeout_s`: so long the server may say nothing.

    Raises:
        ModelError: there was no answer, or it was an error, a redirect, or no JSON object.
        TypeError: the request is nothing that JSON can hold.

    """
    data = orjson.dumps(request)
    headers = {"content-type": "application/json", "accept": "application/json", "user-agent": AGENT, **address.headers}
    posted = urllib.request.Request(address.url, data, headers, method="POST")  # noqa: S310 - its scheme was checked
    try:
        with urllib.request.build_opener(_NoRedirect).open(posted, timeout=timeout_s) as response:
            answered = response.read(MOST_ANSWERED + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise ModelError(_explained(error), error.code) from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ModelError(
            f"no answer from {_shown(address.url)}: {_short(str(reason) or type(reason).__name__)}"
        ) from None
    return _body(answered, address)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def _body(answered: bytes, address: Address) -> dict[str, Any]:
    if len(answered) > MOST_ANSWERED:
        raise ModelError(f"the answer of {_shown(address.url)} is longer than {MOST_ANSWERED >> 20} MiB")
    try:
        body = json.loads(answered)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ModelError(f"the answer of {_shown(address.url)} is no JSON object: {_short(_text(answered))}")
    if body.get("error"):
        raise ModelError(_short(_message_in(body)))
    return body


def _explained(error: urllib.error.HTTPError) -> str:
    """Return the status and what the server says of it; of a redirect, where it would have led."""
    if 300 <= error.code < 400:
        aim = _shown(error.headers.get("location") or "")
        return f"{error.code}: it redirects to {aim or 'another address'}, and no redirect is followed with a key"
    try:
        told = error.read(MOST_EXPLAINED)
    except (OSError, http.client.HTTPException):
        told = b""
    try:
        body = json.loads(told)
    except (ValueError, RecursionError):
        body = None
    message = _message_in(body) if isinstance(body, dict) else _text(told)
    status = f"{error.code} {error.reason}".rstrip()
    return f"{status}: {_short(message)}" if message else status


def _message_in(body: Mapping[str, Any]) -> str:
    error = body.get("error", body)
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else json.dumps(error)


def _short(text: str) -> str:
    flat = " ".join(text[: 2 * LONGEST_MESSAGE].split())
    return flat if len(flat) <= LONGEST_MESSAGE else f"{flat[:LONGEST_MESSAGE]}…"


def _text(data: bytes) -> str:
    return data[:MOST_EXPLAINED].decode("utf-8", "replace")


def _shown(url: str) -> str:
    """Return an address without its path, which may hold a key."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    return _short(f"{parts.scheme}://{host}{f':{port}' if port else ''}") if host else ""
