"""The patch of the OpenAI client: chat completions, sync and async.

`create` is recorded, plain and streaming, also through `.stream()`, `.parse()` and `with_raw_response`. Of
`with_streaming_response` the request is recorded, not the body, which the user reads: it cannot be served.
Nothing of the client is imported before the program imports it.
"""

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from treadle.clients import chat_request
from treadle.functions import Traced
from treadle.loading import loaded

if TYPE_CHECKING:
    from treadle.call import Call


def patch_chat(module: ModuleType) -> None:
    """Patch `openai.resources.chat.completions.completions`."""
    for owner, is_async in ((module.Completions, False), (module.AsyncCompletions, True)):
        owner.create = (_create_later if is_async else _create)(owner.create)
        if hasattr(owner, "parse"):
            owner.parse = (_parse_later if is_async else _parse)(owner.parse, owner.create.__treadle__)


PATCHES: dict[str, Callable[[ModuleType], None]] = {"openai.resources.chat.completions.completions": patch_chat}


def _create(original: Callable[..., Any]) -> Callable[..., Any]:
    traced = Traced(inspect.unwrap(original), name=None, kind="llm", ignore=())

    @functools.wraps(original)
    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        chat_request.keep_iterators(kwargs)
        call = _begin(traced, self._client, kwargs)
        if call is None:
            return original(self, *args, **kwargs)
        kwargs |= chat_request.given_instead(call)
        if _is_served(call):
            return _answers().serve(call, self._client, kwargs)
        return _answers().recorded(call, _run(call, lambda: original(self, *args, **kwargs)))

    create.__treadle__ = traced  # type: ignore[attr-defined]
    return create


def _create_later(original: Callable[..., Any]) -> Callable[..., Any]:
    traced = Traced(inspect.unwrap(original), name=None, kind="llm", ignore=())

    @functools.wraps(original)
    async def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        chat_request.keep_iterators(kwargs)
        call = _begin(traced, self._client, kwargs)
        if call is None:
            return await original(self, *args, **kwargs)
        kwargs |= chat_request.given_instead(call)
        if _is_served(call):
            return await _answers().serve_later(call, self._client, kwargs)
        return _answers().recorded(call, await _run_later(call, lambda: original(self, *args, **kwargs)))

    create.__treadle__ = traced  # type: ignore[attr-defined]
    return create


def _parse(original: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    @functools.wraps(original)
    def parse(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self if chat_request.raw_mode(kwargs) else _Posting(self, traced), *args, **kwargs)

    return parse


def _parse_later(original: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    @functools.wraps(original)
    async def parse(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await original(self if chat_request.raw_mode(kwargs) else _PostingLater(self, traced), *args, **kwargs)

    return parse


class _Posting:
    """Stands in for the resource while `parse` runs: it records the request, and leaves the parsing outside.

    What the model said is the call's result; that it does not fit the user's type is the program's failure, and a
    replay finds it again.
    """

    def __init__(self, resource: Any, traced: Traced) -> None:
        self._resource = resource
        self._traced = traced

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resource, name)

    def _post(self, path: str, *, body: Any, options: dict[str, Any], **more: Any) -> Any:
        client = self._resource._client  # noqa: SLF001 - where the client's own resources keep it
        post = self._resource._post  # noqa: SLF001 - as above
        call = _begin(self._traced, client, body)
        if call is None:
            return post(path, body=body, options=options, **more)
        parse = options.pop("post_parser")
        body = {**body, **chat_request.given_instead(call)}
        if _is_served(call):
            return parse(_answers().serve(call, client, body))
        completion = _run(call, lambda: post(path, body=body, options=options, **more))
        return parse(_answers().recorded(call, completion))


class _PostingLater(_Posting):
    """The same for the async client."""

    async def _post(self, path: str, *, body: Any, options: dict[str, Any], **more: Any) -> Any:
        client = self._resource._client  # noqa: SLF001 - as above
        post = self._resource._post  # noqa: SLF001 - as above
        call = _begin(self._traced, client, body)
        if call is None:
            return await post(path, body=body, options=options, **more)
        parse = options.pop("post_parser")
        body = {**body, **chat_request.given_instead(call)}
        if _is_served(call):
            return parse(await _answers().serve_later(call, client, body))
        completion = await _run_later(call, lambda: post(path, body=body, options=options, **more))
        return parse(_answers().recorded(call, completion))


def _begin(traced: Traced, client: Any, arguments: dict[str, Any]) -> "Call | None":
    request = chat_request.request_of(arguments)
    call: Call | None = loaded().begin(
        f"chat {request.get('model', '')}".rstrip(),
        "llm",
        lambda: request,
        traced=traced,
        attributes=chat_request.attributes_of(request, str(client.base_url)),
    )
    return call


def _is_served(call: "Call") -> bool:
    """Tell whether a replay answers the call, and does not only give it another request."""
    return call.answer is not None and call.answer.held is None


def _run(call: "Call", act: Callable[[], Any]) -> Any:
    call.resume()
    try:
        result = act()
    except BaseException as error:
        call.suspend()
        call.fail(error)
        raise
    call.suspend()
    return result


async def _run_later(call: "Call", act: Callable[[], Any]) -> Any:
    call.resume()
    try:
        result = await act()
    except BaseException as error:
        call.suspend()
        call.fail(error)
        raise
    call.suspend()
    return result


def _answers() -> Any:
    """Return the module that knows the client's classes: the client is imported by the time of a call."""
    from treadle.clients import openai_answers

    return openai_answers
