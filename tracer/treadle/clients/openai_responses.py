"""Responses that never came over a network: what a served call hands out where the client would give a real one."""

from typing import Any

from openai import _base_client
from openai._legacy_response import LegacyAPIResponse
from openai._models import FinalRequestOptions
from openai.types.chat import ChatCompletion

PATH = "/chat/completions"
_http: Any = vars(_base_client).get("httpx2") or vars(_base_client)["httpx"]
"""The client's own HTTP library: `httpx` up to its version 2, `httpx2` since."""


def made_up_response(client: Any, *, content_type: str, body: bytes = b"") -> Any:
    """Return a response as if the client had sent its request."""
    url = str(client.base_url).rstrip("/") + PATH
    headers = {"content-type": content_type, "x-treadle": "served"}
    return _http.Response(200, headers=headers, content=body, request=_http.Request("POST", url))


def raw(client: Any, parsed: Any, *, stream: bool) -> Any:
    """Return a raw response whose `parse()` gives what was served."""
    body = b"" if stream else parsed.to_json().encode()
    response = LegacyAPIResponse[Any](
        raw=made_up_response(client, content_type="text/event-stream" if stream else "application/json", body=body),
        cast_to=ChatCompletion,
        client=client,
        stream=stream,
        stream_cls=None,
        options=FinalRequestOptions(method="post", url=PATH),
    )
    response._parsed_by_type[ChatCompletion] = parsed  # noqa: SLF001 - the client's own cache of what it parsed
    return response
