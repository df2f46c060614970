"""What tests of the tracer share: clients of the loopback server."""

from collections.abc import AsyncIterator, Iterator

import openai
import pytest

import treadle
from servers import ModelServer


@pytest.fixture
def client(model_server: ModelServer) -> Iterator[openai.OpenAI]:
    """Return a recorded client of the loopback server."""
    assert treadle.instrument() == ["openai"]
    with openai.OpenAI(base_url=model_server.base_url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def later(model_server: ModelServer) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return the async client."""
    assert treadle.instrument() == ["openai"]
    async with openai.AsyncOpenAI(base_url=model_server.base_url, api_key="none", max_retries=0) as client:
        yield client
