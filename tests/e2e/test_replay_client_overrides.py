"""What the user says instead, of calls that the OpenAI client makes: another request, another answer."""

import pytest

from e2e.conftest import Project
from servers import ModelServer
from treadle_debugger.request import Instead

CHAIN = """
import asyncio, os, openai, treadle

treadle.instrument()
settings = {"base_url": os.environ["MODEL_URL"], "api_key": "none", "max_retries": 0}

def said(text):
    return {"model": "m", "messages": [{"role": "user", "content": text}]}

async def later(text):
    async with openai.AsyncOpenAI(**settings) as client:
        whole = await client.chat.completions.create(**said(text))
        parts = [part async for part in await client.chat.completions.create(**said("streamed"), stream=True)]
    return [whole.choices[0].message.content, "".join(part.choices[0].delta.content or "" for part in parts)]

@treadle.trace
def chain():
    with openai.OpenAI(**settings) as client:
        first = client.chat.completions.create(**said("first")).choices[0].message.content
        raw = client.chat.completions.with_raw_response.create(**said(f"raw {first}")).parse()
        parts = client.chat.completions.create(**said("streamed"), stream=True)
        streamed = "".join(part.choices[0].delta.content or "" for part in parts)
    return [first, raw.choices[0].message.content, streamed, *asyncio.run(later("later"))]

if __name__ == "__main__":
    chain()
"""


@pytest.fixture
def recorded(project: Project, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Record the chain: the server says back what it is asked."""
    monkeypatch.setenv("MODEL_URL", model_server.base_url)
    return project.record(CHAIN)


def test_another_request_is_sent(project: Project, model_server: ModelServer, recorded: str) -> None:
    """The server gets the argument that the user gives, and what depends on its answer; the rest is served."""
    asked = model_server.count
    instead = (Instead("input::text like '%first%' and input::text not like '%raw%'", "$.messages[0].content", "x"),)
    result = project.replay(recorded, instead=instead)
    assert result.after.output == b'["echo: x","echo: raw echo: x","echo: streamed","echo: later","echo: streamed"]', (
        result.sentence
    )
    assert [request["messages"][0]["content"] for request in model_server.requests[asked:]] == ["x", "raw echo: x"]
    assert (result.counts["live"], result.counts["served"]) == (2, 3)


def test_another_model_is_asked(project: Project, model_server: ModelServer, recorded: str) -> None:
    """In every request, of streams and of the async client too."""
    asked = model_server.count
    result = project.replay(recorded, model="large")
    assert result.verdict == "same", result.sentence
    assert [request["model"] for request in model_server.requests[asked:]] == ["large"] * 5


def test_a_text_is_what_the_model_says_instead(project: Project, model_server: ModelServer, recorded: str) -> None:
    """In a completion and in a stream, as the client's own objects, with the server dead."""
    model_server.stop()
    result = project.replay(recorded, instead=(Instead("kind = 'llm'", None, "hush"),))
    assert result.after.output == b'["hush","hush","hush","hush","hush"]', result.sentence
    assert result.counts["overridden"] == 5
