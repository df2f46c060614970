"""Streams of the patched OpenAI client: the client's own, recorded chunk by chunk, ended once."""

import asyncio
import gc
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import openai
import pytest

import recorded
import treadle
from asked import QUESTION, WORDS, said, texts
from servers import Answer, Hang, ModelServer


def test_a_stream_is_the_clients_own_and_recorded_whole(client: openai.OpenAI, store: Path) -> None:
    """The user gets a real stream; every chunk is recorded with its time, the output is their sum."""
    stream = client.chat.completions.create(
        model="m", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    assert type(stream) is openai.Stream
    chunks = list(stream)
    call = recorded.only(store)
    assert texts(chunks[:-1]) == WORDS
    assert [chunk["choices"][0]["delta"]["content"] for chunk in call.chunks[:-1]] == WORDS
    assert (call.status, call.closed, call.end["chunks"]) == ("ok", False, 7)
    assert call.output["object"] == "chat.completion"
    assert call.output["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "echo: a b c"}, "finish_reason": "stop"}
    ]
    assert call.output["usage"]["completion_tokens"] == 4
    assert call.end["attrs"]["gen_ai.usage.cache_read.input_tokens"] == 3
    assert call.start["attrs"]["gen_ai.request.stream"] is True


def test_streamed_tool_calls_are_put_together(client: openai.OpenAI, store: Path, model_server: ModelServer) -> None:
    """Tool calls come in pieces by index, and are recorded whole."""
    model_server.script(Answer("", tool_calls=(("look", '{"at": 1}'), ("go", '{"to": "x"}')), finish_reason="tool"))
    list(client.chat.completions.create(model="m", messages=QUESTION, stream=True))
    message = recorded.only(store).output["choices"][0]["message"]
    assert message["tool_calls"] == [
        {"id": "call-0", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}},
        {"id": "call-1", "type": "function", "function": {"name": "go", "arguments": '{"to": "x"}'}},
    ]


def test_fields_that_the_client_does_not_know_are_summed_too(
    client: openai.OpenAI, store: Path, model_server: ModelServer
) -> None:
    """A provider's reasoning text is joined like the answer's, for each choice by itself."""
    deltas = [(0, '"reasoning_content":"think "'), (1, '"content":"other"'), (0, '"reasoning_content":"hard"')]
    lines = [
        f'data: {{"id":"x","object":"chat.completion.chunk","created":1,"model":"r","choices":'
        f'[{{"index":{index},"delta":{{{delta}}},"finish_reason":null}}]}}\n\n'
        for index, delta in deltas
    ]
    model_server.script(Answer(body="".join(lines) + "data: [DONE]\n\n"))
    list(client.chat.completions.create(model="m", messages=QUESTION, stream=True))
    first, second = recorded.only(store).output["choices"]
    assert first["message"]["reasoning_content"] == "think hard"
    assert second["message"]["content"] == "other"


def leave_early(client: openai.OpenAI) -> None:
    """Stop reading without closing."""
    for _ in client.chat.completions.create(model="m", messages=QUESTION, stream=True):
        break


def leave_a_with(client: openai.OpenAI) -> None:
    """Stop reading inside a `with`."""
    with client.chat.completions.create(model="m", messages=QUESTION, stream=True) as stream:
        next(stream)


def close_it(client: openai.OpenAI) -> None:
    """Close it, twice, and read on in vain."""
    stream = client.chat.completions.create(model="m", messages=QUESTION, stream=True)
    next(stream)
    stream.close()
    stream.close()


def raise_inside(client: openai.OpenAI) -> None:
    """Fail in the program's own code while reading."""
    stream = client.chat.completions.create(model="m", messages=QUESTION, stream=True)
    with suppress(ZeroDivisionError), stream:
        raise ZeroDivisionError(next(stream))


def leave_the_helper(client: openai.OpenAI) -> None:
    """Leave the client's `.stream()` helper early."""
    with client.chat.completions.stream(model="m", messages=QUESTION) as events:
        next(events)


@pytest.mark.parametrize("leave", [leave_early, leave_a_with, close_it, raise_inside, leave_the_helper])
def test_a_stream_that_is_left_early_ends_without_an_error(client: openai.OpenAI, store: Path, leave: Any) -> None:
    """However its consumer stops, the span ends at once, once, closed, with what had come."""
    leave(client)
    call = recorded.only(store)
    assert (call.status, call.closed, call.end["chunks"]) == ("ok", True, 1)
    assert call.output["choices"][0]["message"] == {"role": "assistant", "content": ""}


def test_a_stream_that_nobody_reads_ends_with_its_object(client: openai.OpenAI, store: Path) -> None:
    """A stream that is dropped unread is closed and has no chunks."""
    client.chat.completions.create(model="m", messages=QUESTION, stream=True)
    gc.collect()
    call = recorded.only(store)
    assert (call.status, call.closed, call.chunks) == ("ok", True, [])


def test_a_stream_can_be_read_in_pieces_and_in_other_threads(client: openai.OpenAI, store: Path) -> None:
    """A consumer may change, and read on after a `for` that it left; the parent stays the one that asked."""

    @treadle.trace
    def ask() -> Any:
        return client.chat.completions.create(model="m", messages=QUESTION, stream=True)

    stream = ask()
    first = []
    for chunk in stream:
        first.append(chunk)
        break
    thread = threading.Thread(target=lambda: first.extend(stream))
    thread.start()
    thread.join()
    assert texts(first) == WORDS
    (root,) = recorded.roots(store)
    assert root.tree == ["ask", ["chat m"]]
    assert (root.children[0].status, root.children[0].closed) == ("ok", False)


def test_a_call_beside_an_open_stream_is_no_child_of_it(client: openai.OpenAI, store: Path) -> None:
    """A stream is current only while the client's code runs."""

    @treadle.trace
    def inner() -> None: ...

    with treadle.span("outer"):
        for _ in client.chat.completions.create(model="m", messages=QUESTION, stream=True):
            inner()
    (root,) = recorded.roots(store)
    assert root.tree == ["outer", ["chat m"], *[["inner"]] * 6]


def test_an_error_in_the_stream_is_recorded_and_raised(
    client: openai.OpenAI, store: Path, model_server: ModelServer
) -> None:
    """An error inside the stream is the call's error, with the chunks that had come."""
    model_server.script(Answer(body='data: {"error": {"message": "overloaded"}}\n\n'))
    stream = client.chat.completions.create(model="m", messages=QUESTION, stream=True)
    with pytest.raises(openai.APIError, match="overloaded"):
        list(stream)
    call = recorded.only(store)
    assert (call.status, call.end["error"]["type"], call.chunks) == ("error", "openai.APIError", [])
    assert call.end["attrs"] == {"treadle.failed_in_stream": True}


def test_the_stream_helper_is_recorded(client: openai.OpenAI, store: Path) -> None:
    """`.stream()` gives its events, and its call is recorded as a stream."""
    with client.chat.completions.stream(model="m", messages=QUESTION) as events:
        kinds = {event.type for event in events}
        assert events.get_final_completion().choices[0].message.content == "echo: a b c"
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert said(recorded.only(store)) == "echo: a b c"


async def test_an_async_stream_that_is_left_early_ends_without_an_error(later: openai.AsyncOpenAI, store: Path) -> None:
    """Left by break, by `async with`, by close, or handed to another task that stops."""

    async def ask() -> openai.AsyncStream[Any]:
        return await later.chat.completions.create(model="m", messages=QUESTION, stream=True)

    stream = await ask()
    async for _ in stream:
        break
    await stream.close()
    async with await ask() as stream:
        await anext(stream)
    stream = await ask()
    await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await asyncio.create_task(stream.close())
    for call in recorded.calls(store):
        assert (call.status, call.closed, call.end["chunks"]) == ("ok", True, 1)


async def test_a_cancelled_call_is_closed_and_no_failure(
    later: openai.AsyncOpenAI, store: Path, model_server: ModelServer
) -> None:
    """Cancellation while waiting for an answer, or for a chunk, ends the span without an error."""
    model_server.script(Answer(hang=Hang()), Answer("one two", hang=Hang(after_chunks=2)))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(later.chat.completions.create(model="m", messages=QUESTION), timeout=0.2)
    stream = await later.chat.completions.create(model="m", messages=QUESTION, stream=True)

    async def read() -> list[Any]:
        return [chunk async for chunk in stream]

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), timeout=0.3)
    waiting, streaming = recorded.calls(store)
    assert (waiting.status, waiting.closed) == ("interrupted", True)
    assert (streaming.status, streaming.closed, said(streaming)) == ("interrupted", True, "one")
