"""Every way of asking the OpenAI client, replayed from the recording with its server dead."""

import pytest

from e2e.conftest import Project
from programs import traced
from servers import Answer, ModelServer

COMMON = """
import asyncio, sys, openai
from pydantic import BaseModel, ValidationError

class City(BaseModel):
    name: str

asked = dict(model="m", messages=[{"role": "user", "content": "a b c"}])
"""
SYNC = (
    COMMON
    + """
with openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0) as client:
    chat = client.chat.completions

    answer = chat.create(**asked, temperature=0.5)
    print("plain", answer.to_json(), answer._request_id)

    stream = chat.create(**asked, stream=True, stream_options={"include_usage": True})
    print("stream", type(stream).__name__, [chunk.to_json() for chunk in stream], stream.response.status_code)

    with chat.create(**asked, stream=True) as stream:
        print("left early", next(stream).choices[0].delta)
    for chunk in chat.create(**asked, stream=True):
        break
    chat.create(**asked, stream=True).close()

    with chat.stream(**asked) as events:
        print("helper", [event.type for event in events], events.get_final_completion().choices[0].message.content)

    raw = chat.with_raw_response.create(**asked)
    print("raw", raw.status_code, raw.parse().choices[0].message.content, raw.http_response.json()["object"])
    raw = chat.with_raw_response.create(**asked, stream=True)
    print("raw stream", [chunk.choices[0].delta.content for chunk in raw.parse()])

    print("parsed", chat.parse(**asked, response_format=City, seed=1).choices[0].message.parsed)
    try:
        chat.parse(**asked, response_format=City, seed=2)
    except ValidationError as error:
        print("not parsed", error.error_count())

    for more in ({}, {"stream": True}):
        try:
            chat.create(**asked, seed=3, **more)
        except openai.RateLimitError as error:
            print("refused", error.status_code, error)
    stream = chat.create(**asked, seed=4, stream=True)
    try:
        next(stream)
    except openai.APIError as error:
        print("failed inside", error)

    message = chat.create(**asked).choices[0].message
    again = {**asked, "messages": [*asked["messages"], message, *asked["messages"]]}
    print("conversation", chat.create(**again).choices[0].message.content)
"""
)
ASYNC = (
    COMMON
    + """
async def main():
    async with openai.AsyncOpenAI(base_url=sys.argv[1], api_key="none", max_retries=0) as client:
        chat = client.chat.completions
        print("plain", (await chat.create(**asked)).to_json())
        stream = await chat.create(**asked, stream=True)
        print("stream", type(stream).__name__, [chunk.choices[0].delta.content async for chunk in stream])
        async with await chat.create(**asked, stream=True) as stream:
            print("left early", (await anext(stream)).choices[0].delta)
        async for chunk in await chat.create(**asked, stream=True):
            break
        await (await chat.create(**asked, stream=True)).close()
        async with chat.stream(**asked) as events:
            print("helper", (await events.get_final_completion()).choices[0].message.content)
        raw = await chat.with_raw_response.create(**asked)
        print("raw", raw.parse().choices[0].message.content)
        print("parsed", (await chat.parse(**asked, response_format=City, seed=1)).choices[0].message.parsed)
        for more in ({}, {"stream": True}):
            try:
                await chat.create(**asked, seed=3, **more)
            except openai.RateLimitError as error:
                print("refused", error.status_code, error)
        try:
            await asyncio.wait_for(chat.create(**asked, seed=5), 0.3)
        except TimeoutError:
            print("timed out")

asyncio.run(main())
"""
)


def answer(request: dict[str, object]) -> Answer:
    """Answer by seed: what fits a type, what does not, a refusal, an error inside a stream; else echo."""
    seed = request.get("seed")
    if seed in (1, 2):
        return Answer('{"name": "Ulm"}' if seed == 1 else '{"nam')
    if seed == 3:
        return Answer("slow down", status=429)
    if seed == 4:
        return Answer(body='data: {"error": {"message": "overloaded"}}\n\n')
    return Answer("one two three")


@pytest.mark.parametrize("source", [SYNC, ASYNC], ids=["sync", "async"])
def test_every_way_of_asking_is_answered_with_the_server_dead(
    project: Project, source: str, model_server: ModelServer
) -> None:
    """The program prints the same to the letter, and no request is sent."""
    model_server.rule = answer
    if source is ASYNC:
        model_server.rule = lambda request: answer(request) if request.get("seed") != 5 else hang(model_server)
    project.write(source)
    done = traced("program.py", model_server.base_url, cwd=project.folder)
    assert (done.returncode, done.stderr) == (0, "")
    trace_id, sent = project.newest(), model_server.count
    model_server.stop()
    result = project.replay(trace_id)
    assert project.printed() == done.stdout
    assert (result.verdict, model_server.count) == ("same", sent)
    assert set(result.counts) == {"ran", "served"}
    assert result.trace_id is not None
    outputs = "select output from spans where trace_id = ? and kind = 'llm' order by seq"
    recorded, replayed = (
        list(project.store.sql(outputs.replace("?", f"'{trace}'"))) for trace in (trace_id, result.trace_id)
    )
    assert replayed == recorded


def hang(server: ModelServer) -> Answer:
    """Answer when the server is stopped."""
    server.release.wait()
    return Answer("late")


def test_a_response_that_the_user_reads_himself_cannot_be_served(project: Project, model_server: ModelServer) -> None:
    """`with_streaming_response` is refused with its reason, and nothing is sent."""
    project.write(
        COMMON
        + "client = openai.OpenAI(base_url=sys.argv[1], api_key='none')\n"
        + "with client.chat.completions.with_streaming_response.create(**asked) as response:\n"
        + "    print(response.parse().choices[0].message.content)\n"
        + "client.close()"
    )
    assert traced("program.py", model_server.base_url, cwd=project.folder).returncode == 0
    sent = model_server.count
    result = project.replay(project.newest())
    assert (result.verdict, model_server.count) == ("diverged", sent)
