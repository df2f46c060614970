"""Call what was found as it was called then: with the recorded arguments, and a stream as far as it was read."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treadle.errors import NotReplayableError
from treadle.functions import Traced
from treadle.model import RecordedCall


def bind(traced: Traced, held: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return recorded arguments as positions and keywords for today's parameters.

    Raises:
        NotReplayableError: a recorded parameter is gone, or a new one has no default.

    """
    left = dict(held)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    by_name = False
    for parameter in traced.parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            args.extend(left.pop(parameter.name, []))
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs.update(left.pop(parameter.name, {}))
        elif parameter.name not in left:
            _check_default(traced, parameter)
            by_name = True
        elif by_name or parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[parameter.name] = left.pop(parameter.name)
        else:
            args.append(left.pop(parameter.name))
    if left:
        raise NotReplayableError(
            f"{traced.name} has no parameter {next(iter(left))!r} any more: "
            "give it back, or replay a step above, which calls the function as today's code does"
        )
    return args, kwargs


def run(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], recorded: RecordedCall) -> Any:
    """Call it as what it is today is called, and use up a stream as far as its consumer did."""
    traced: Traced = function.__treadle__  # type: ignore[attr-defined]
    was_stream = recorded.function is not None and recorded.function.flavour in ("gen", "agen")
    most = len(recorded.chunks) if recorded.closed_early and was_stream else None
    if traced.flavour == "async":
        return asyncio.run(function(*args, **kwargs))
    if traced.flavour == "gen":
        return _consume(function(*args, **kwargs), most)
    if traced.flavour == "agen":
        return asyncio.run(_consume_later(function(*args, **kwargs), most))
    return function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What came of a stream."""

    chunks: list[Any]
    returned: Any


def _consume(stream: Any, most: int | None) -> Streamed:
    chunks: list[Any] = []
    try:
        while most is None or len(chunks) < most:
            chunks.append(next(stream))
    except StopIteration as stop:
        return Streamed(chunks, stop.value)
    stream.close()
    return Streamed(chunks, None)


async def _consume_later(stream: Any, most: int | None) -> Streamed:
    chunks: list[Any] = []
    try:
        while most is None or len(chunks) < most:
            chunks.append(await anext(stream))
    except StopAsyncIteration:
        return Streamed(chunks, None)
    await stream.aclose()
    return Streamed(chunks, None)


def _check_default(traced: Traced, parameter: inspect.Parameter) -> None:
    if parameter.default is parameter.empty and parameter.name not in traced.ignore:
        raise NotReplayableError(
            f"{traced.name} has a new parameter {parameter.name!r} that was not recorded: give it a default, "
            "or replay a step above, which calls the function as today's code does"
        )
    if parameter.name in traced.ignore and parameter.default is parameter.empty:
        raise NotReplayableError(
            f"{traced.name}'s argument {parameter.name!r} is ignored, and so was not recorded: "
            "give it a default, or replay a step above"
        )
