"""A request goes where the environment says, with its key, and nowhere else; what fails is the model's failure."""

import json
import socket

import pytest

from model_apis import ModelApi, Reply, completion, failure
from treadle.errors import NotReplayableError
from treadle.replay.model_spans.addresses import Address, address_of
from treadle.replay.model_spans.sending import LONGEST_MESSAGE, ModelError, send


@pytest.fixture(autouse=True)
def _no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)


def test_each_api_has_its_own_address_and_its_own_way_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's own address where its span names it, and the environment does not."""
    monkeypatch.setenv("OPENAI_API_KEY", "k1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k2\n")
    bearer = {"authorization": "Bearer k1"}
    theirs = {"x-api-key": "k2", "anthropic-version": "2023-06-01"}
    assert address_of("openai", "openai", for_texts=False) == Address(
        "https://api.openai.com/v1/chat/completions", bearer
    )
    assert address_of("anthropic", "anthropic", for_texts=False) == Address(
        "https://api.anthropic.com/v1/messages", theirs
    )
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://localhost:8001")
    assert address_of("openai", "groq", for_texts=True) == Address("http://localhost:8000/v1/embeddings", bearer)
    assert address_of("anthropic", "anthropic", for_texts=False).url == "http://localhost:8001/v1/messages"
    assert "k1" not in repr(address_of("openai", None, for_texts=False))


@pytest.mark.parametrize(
    ("provider", "environment", "why"),
    [
        ("openai", {}, "there is no key for api.openai.com: set OPENAI_API_KEY"),
        ("anthropic", {"OPENAI_API_KEY": "k"}, "there is no key for api.anthropic.com: set ANTHROPIC_API_KEY"),
        ("groq", {"OPENAI_API_KEY": "k"}, "it asked groq: say where the request may go, by setting OPENAI_BASE_URL"),
        (None, {"OPENAI_API_KEY": "k"}, "it does not say whom it asked: say where the request may go, by setting"),
        ("openai", {"OPENAI_API_KEY": "a\nb"}, "OPENAI_API_KEY holds what no key does: a line break"),
        ("openai", {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "file:///etc"}, "OPENAI_BASE_URL is no address"),
        ("openai", {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://u:p@h/v1"}, "OPENAI_BASE_URL is no address"),
        ("openai", {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h:x/v1"}, "OPENAI_BASE_URL is no address"),
    ],
)
def test_what_the_environment_does_not_say_is_a_refusal(
    provider: str | None, environment: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable. A key and a prompt go to nobody whom neither the user nor the span named."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    api = "anthropic" if provider == "anthropic" else "openai"
    with pytest.raises(NotReplayableError) as refused:
        address_of(api, provider, for_texts=False)
    assert str(refused.value).startswith(why)


def sent(api: ModelApi, *, timeout_s: float = 30) -> object:
    """Send a request."""
    address = Address(f"{api.url}/v1/chat/completions", {"authorization": "Bearer k1"})
    return send(address, {"model": "m", "text": "ä"}, timeout_s=timeout_s)


def test_a_request_is_its_bytes_and_an_answer_its_json() -> None:
    """Compact JSON in UTF-8, and the headers that the API asks for."""
    with ModelApi(completion("hello")) as api:
        assert sent(api) == json.loads(completion("hello").body)
    (asked,) = api.asked
    assert (asked.path, asked.body) == ("/v1/chat/completions", '{"model":"m","text":"ä"}'.encode())
    assert asked.headers["authorization"] == "Bearer k1"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"].startswith("treadle/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    """The key would go along; the message says where it would have led, without the path, which may hold a secret."""
    with ModelApi(completion("stolen")) as other:
        location = {"location": other.url.replace("127.0.0.1", "localhost") + "/secret"}
        with ModelApi(Reply(b"", status, location)) as api, pytest.raises(ModelError) as failed:
            sent(api)
    aim = location["location"].removesuffix("/secret")
    assert str(failed.value) == f"{status}: it redirects to {aim}, and no redirect is followed with a key"
    assert (failed.value.status, len(api.asked), other.asked) == (status, 1, [])


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (failure(429, "slow\n down"), "429 Too Many Requests: slow down"),
        (Reply(b'{"error": "overloaded"}', 529), "529: overloaded"),
        (Reply(b'{"message": "no such model"}', 404), "404 Not Found: no such model"),
        (Reply(b"<html>bad gateway</html>", 502), "502 Bad Gateway: <html>bad gateway</html>"),
        (Reply(b"", 500), "500 Internal Server Error"),
        (Reply(b'{"error": {"message": "no credits"}}'), "no credits"),
        (Reply(b"hello"), "the answer of {} is no JSON object: hello"),
        (Reply(b"[1]"), "the answer of {} is no JSON object: [1]"),
    ],
)
def test_an_error_is_told_with_its_status(reply: Reply, message: str) -> None:
    """With what the server says of it, in one line."""
    with ModelApi(reply) as api, pytest.raises(ModelError) as failed:
        sent(api)
    assert str(failed.value) == message.format(api.url)
    assert failed.value.status == (reply.status if reply.status != 200 else None)


def test_what_a_server_says_of_an_error_is_cut() -> None:
    """It may say anything."""
    with ModelApi(failure(400, "long " * 100_000)) as api, pytest.raises(ModelError) as failed:
        sent(api)
    assert len(str(failed.value)) == len("400 Bad Request: …") + LONGEST_MESSAGE


def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    """It has its time."""
    with ModelApi(completion("late")) as api:
        api.is_silent = True
        with pytest.raises(ModelError, match=rf"no answer from {api.url}: timed out"):
            sent(api, timeout_s=0.1)


def test_nobody_there_is_told() -> None:
    """A server that is off is the usual case."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ModelError, match=rf"no answer from {url}: .*refused"):
            send(Address(f"{url}/v1/messages", {}), {})
