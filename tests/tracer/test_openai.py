"""The patched OpenAI client: what is recorded, and that the user's program sees no difference."""

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel, ValidationError

import recorded
import treadle
from asked import QUESTION, WORDS, said, texts
from programs import plainly, python
from servers import Answer, ModelServer
from treadle.clients.chat_request import provider_of
from treadle.values import digest


def test_instrumenting_twice_records_once(client: openai.OpenAI, store: Path) -> None:
    """A second `instrument()` adds nothing."""
    assert treadle.instrument() == ["openai"]
    client.chat.completions.create(model="m", messages=QUESTION)
    recorded.only(store)


def test_the_request_is_recorded_as_it_was_given(client: openai.OpenAI, store: Path) -> None:
    """Exactly what was given is the input: no sentinels, no headers, nothing that was left out."""
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    request = {
        "model": "m",
        "messages": QUESTION,
        "temperature": 0.2,
        "tools": tools,
        "tool_choice": "auto",
        "response_format": {"type": "json_object"},
        "extra_body": {"top_k": 4},
    }
    secret = {"Authorization": "Bearer abcdefghijklmnopqrstuvwxyz"}
    client.chat.completions.create(**request, seed=openai.NOT_GIVEN, extra_headers=secret, timeout=30)
    call = recorded.only(store)
    assert call.start["in"] == request
    assert call.name == "chat m"
    assert call.start["kind"] == "llm"
    assert call.start["attrs"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.temperature": 0.2,
        "server.address": "127.0.0.1",
    }
    assert "abcdefghij" not in recorded.journals(store)[0].read_text()


def test_the_answer_is_recorded_with_its_figures(client: openai.OpenAI, store: Path) -> None:
    """The output is the whole completion; tokens, model and finish reasons are attributes."""
    answer = client.chat.completions.create(model="m", messages=QUESTION)
    call = recorded.only(store)
    assert call.end["out"]["type"] == "openai.types.chat.chat_completion:ChatCompletion"
    assert {name: call.output[name] for name in answer.to_dict()} | {"choices": 0, "usage": 0} == answer.to_dict() | {
        "choices": 0,
        "usage": 0,
    }
    assert said(call) == "echo: a b c"
    assert call.end["attrs"] == {
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "m-2024",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 2,
    }


def test_the_function_is_the_clients_own(client: openai.OpenAI, store: Path) -> None:
    """The function record names the client's method, by which a replay finds the call."""
    client.chat.completions.create(model="m", messages=QUESTION)
    (function,) = [record for record in recorded.records(store) if record["r"] == "function"]
    assert f"{function['module']}:{function['qualname']}" == (
        "openai.resources.chat.completions.completions:Completions.create"
    )


def test_messages_from_an_iterator_are_sent_and_recorded(
    client: openai.OpenAI, store: Path, model_server: ModelServer
) -> None:
    """An argument that can be read only once reaches both the model and the record."""
    client.chat.completions.create(model="m", messages=iter(QUESTION))
    assert model_server.requests[0]["messages"] == recorded.only(store).given["messages"] == QUESTION


def test_a_message_object_that_was_answered_can_be_sent_back(client: openai.OpenAI, store: Path) -> None:
    """The client's own message objects in a request are recorded as messages."""
    first = client.chat.completions.create(model="m", messages=QUESTION)
    client.chat.completions.create(model="m", messages=[*QUESTION, first.choices[0].message, *QUESTION])
    assert recorded.calls(store)[1].given["messages"][1]["content"] == "echo: a b c"


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_the_clients_error_is_recorded_and_raised(
    client: openai.OpenAI, store: Path, model_server: ModelServer, status: int
) -> None:
    """What the client raises reaches the program unchanged, and is the call's error."""
    model_server.script(Answer("no", status=status))
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=QUESTION)
    call = recorded.only(store)
    assert caught.value.status_code == status
    assert call.status == "error"
    assert call.end["error"]["type"] == f"openai.{type(caught.value).__name__}"
    assert call.output["message"] == str(caught.value)


def test_wrong_arguments_raise_what_they_would(client: openai.OpenAI) -> None:
    """A call that the client refuses is refused in the client's words."""
    with pytest.raises(TypeError, match="Missing required arguments"):
        client.chat.completions.create(model="m")


def test_raw_responses_stay_raw_and_are_recorded(client: openai.OpenAI, store: Path) -> None:
    """`with_raw_response` gives headers and the parsed answer, plain and streaming."""
    plain = client.chat.completions.with_raw_response.create(model="m", messages=QUESTION)
    assert plain.headers["x-request-id"] == "req-1"
    assert plain.parse().choices[0].message.content == "echo: a b c"
    streaming = client.chat.completions.with_raw_response.create(model="m", messages=QUESTION, stream=True)
    assert texts(list(streaming.parse())) == WORDS
    assert [said(call) for call in recorded.calls(store)] == ["echo: a b c"] * 2
    assert "extra_headers" not in recorded.calls(store)[0].given


def test_streaming_responses_work_and_say_why_they_cannot_be_served(client: openai.OpenAI, store: Path) -> None:
    """Of `with_streaming_response` the request is recorded; its body belongs to the user."""
    with client.chat.completions.with_streaming_response.create(model="m", messages=QUESTION) as response:
        assert response.parse().choices[0].message.content == "echo: a b c"
    call = recorded.only(store)
    assert (call.status, call.end["out"]["$"]) == ("ok", "opaque")


class City(BaseModel):
    """What a model is asked for."""

    name: str


def test_parse_records_the_answer_and_leaves_the_parsing_outside(
    client: openai.OpenAI, store: Path, model_server: ModelServer
) -> None:
    """A model's answer that does not fit the type is the program's failure, not the call's."""
    model_server.script(Answer('{"name": "Ulm"}'), Answer('{"nam'))
    parsed = client.chat.completions.parse(model="m", messages=QUESTION, response_format=City)
    assert parsed.choices[0].message.parsed == City(name="Ulm")
    with pytest.raises(ValidationError):
        client.chat.completions.parse(model="m", messages=QUESTION, response_format=City)
    good, bad = recorded.calls(store)
    assert good.given["response_format"]["json_schema"]["name"] == "City"
    assert (good.status, bad.status, said(bad)) == ("ok", "ok", '{"nam')


async def test_the_async_client_is_recorded(later: openai.AsyncOpenAI, store: Path) -> None:
    """Plain, streaming, parsed and raw, as with the other client."""
    await later.chat.completions.create(model="m", messages=QUESTION)
    stream = await later.chat.completions.create(model="m", messages=QUESTION, stream=True)
    assert type(stream) is openai.AsyncStream
    assert texts([chunk async for chunk in stream]) == WORDS
    raw = await later.chat.completions.with_raw_response.create(model="m", messages=QUESTION)
    assert raw.parse().choices[0].message.content == "echo: a b c"
    async with later.chat.completions.stream(model="m", messages=QUESTION) as events:
        await events.until_done()
    calls = recorded.calls(store)
    assert [said(call) for call in calls] == ["echo: a b c"] * 4
    assert {(call.status, call.closed) for call in calls} == {("ok", False)}


async def test_parallel_calls_keep_their_parent_and_their_place(
    later: openai.AsyncOpenAI, store: Path, model_server: ModelServer
) -> None:
    """Calls in `gather` hang under the call that gathers, numbered by submission whatever comes back first."""
    model_server.latency_s = 0.05

    @treadle.trace
    async def fan_out() -> list[str | None]:
        async def ask(number: int) -> str | None:
            messages: Any = [{"role": "user", "content": str(number)}]
            answer = await later.chat.completions.create(model="m", messages=messages)
            return answer.choices[0].message.content

        return await asyncio.gather(*(ask(number) for number in range(8)))

    assert await fan_out() == [f"echo: {number}" for number in range(8)]
    (root,) = recorded.roots(store)
    assert {call.start["ord"]: call.given["messages"][0]["content"] for call in root.children} == {
        f"{number}.0": str(number) for number in range(8)
    }


def test_equal_requests_have_equal_digests(client: openai.OpenAI, store: Path) -> None:
    """A replay finds a call by its request, in whatever order the arguments were written."""
    client.chat.completions.create(model="m", messages=QUESTION, temperature=0)
    client.chat.completions.create(temperature=0, messages=list(QUESTION), model="m")
    first, second = (digest(_bytes(call.start["in"])) for call in recorded.calls(store))
    assert first == second


def _bytes(tree: Any) -> bytes:
    import orjson

    return orjson.dumps(tree)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"),
        ("me.openai.azure.com", "azure.ai.openai"),
        ("api.mistral.ai", "mistral_ai"),
        ("openrouter.ai", "openrouter"),
        ("notopenrouter.ai", "openai"),
        ("localhost", "openai"),
        ("", "openai"),
    ],
)
def test_the_provider_is_known_by_its_host(host: str, provider: str) -> None:
    """By the convention's names; a host that is not known speaks OpenAI's API."""
    assert provider_of(host) == provider


AT_EXIT = """
import atexit, sys, openai, treadle
treadle.instrument()

@treadle.trace
def last():
    return "at the very end"

atexit.register(last)
client = openai.OpenAI(base_url=sys.argv[1], api_key="none")
stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "a b c"}], stream=True)
next(stream)
"""
LATE_DURATION = """
from datetime import timedelta
class Late:
    def __init__(self): self.itself = self
    def __del__(self, made=timedelta): made(seconds=1.5)
late = Late()
"""


@pytest.fixture
def _ends_unharmed(tmp_path: Path) -> None:
    """Skip where Python cannot make a `timedelta` at its very end: httpx does as it closes a response."""
    (tmp_path / "late.py").write_text(LATE_DURATION)
    if plainly("late.py", cwd=tmp_path).returncode:
        pytest.skip("this Python crashes at a timedelta that is made as it ends: python/cpython#132413")


@pytest.mark.usefixtures("_ends_unharmed")
def test_what_is_open_when_the_program_ends_is_closed(store: Path, model_server: ModelServer) -> None:
    """A stream that the program still holds ends with it, and calls at exit are recorded."""
    python(AT_EXIT, model_server.base_url)
    stream, last = recorded.calls(store)
    assert (stream.status, stream.closed, len(stream.chunks)) == ("ok", True, 1)
    assert last.output == "at the very end"
