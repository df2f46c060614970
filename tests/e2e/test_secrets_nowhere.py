"""Secrets of every kind, planted in every place of a program, are nowhere in what it recorded; what looks like one is.

The program runs in a process of its own, in four flavours, with a client that sends a key; then every byte of the store
is looked through, and what is base64 in it too.
"""

import json
from pathlib import Path

import pytest

from planted import LOOK_ALIKES, SECRETS, with_base64_read
from programs import python
from servers import Answer, ModelServer

PROGRAM = """
import asyncio, json, sys
import openai, treadle

treadle.instrument()
planted = json.loads(sys.stdin.read())
names = ("password", "api_key")


class Settings:
    def __init__(self, text):
        self.text = text
        self.api_key = text


@treadle.trace
def function(text, held, *rest, **more):
    local = {"in a local": text}
    return [text, local]


@treadle.trace(kind="tool")
async def coroutine(text):
    await asyncio.sleep(0)
    return {"result": (text, text.encode(), bytearray(text.encode())), text: 1}


@treadle.trace
def generator(text):
    local = f"a longer local with {text} in it"
    yield text
    yield {"chunk": text}
    cause = KeyError(text)
    cause.add_note(f"a note with {text}")
    raise ValueError(f"failed with {text}", local) from cause


@treadle.trace
async def async_generator(text):
    yield [text]
    raise ExceptionGroup(f"several with {text}", [OSError(text)])


def attempt(act):
    try:
        return act()
    except Exception:
        return None


async def consumed(text):
    async for _ in async_generator(text):
        pass


def plant(text):
    function(text, Settings(text), text, password=text, headers={"X-Api-Key": text, b"authorization": text.encode()})
    function("", [("authorization", text), (b"cookie", f"id={text}".encode())], json.dumps({"secret": text}))
    asyncio.run(coroutine(text))
    attempt(lambda: list(generator(text)))
    attempt(lambda: asyncio.run(consumed(text)))
    with treadle.span(f"fetch {text}"), treadle.span("block", query=text) as span:
        span.set_attribute("url.full", text)
        span.set_attribute("client_secret", text)
        span.set_output(text)


for text in planted["texts"]:
    plant(text)
with openai.OpenAI(
    base_url=planted["url"], api_key=planted["key"], max_retries=0, default_headers={"X-Other": planted["key"]}
) as client:
    for text in (planted["key"], planted["texts"][0]):
        said = [{"role": "user", "content": text}]
        extra = {"extra_headers": {"X-Api-Key": text}, "extra_query": {"api_key": text}}
        attempt(lambda: client.chat.completions.create(model="m", messages=said, **extra))
        attempt(lambda: list(client.chat.completions.create(model="m", messages=said, stream=True, **extra)))
treadle.score("nice", 1, comment=planted["texts"][0], trace="0" * 32)
"""
ENVIRONMENT = {"SERVICE_TOKEN": "no-known-shape-at-all", "DB_PASSWORD": "correct horse battery"}
ON_THE_COMMAND_LINE = ("--api-key", "swordfish-on-the-line", "--password=haddock-on-the-line", "no-known-shape-at-all")


def run(model_server: ModelServer, texts: list[str], *arguments: str, **environment: str) -> None:
    """Run the program with these texts planted in it; the server says them back, and refuses some."""
    model_server.script(Answer(texts[0]), Answer(texts[0]), Answer(f"no: {texts[0]}", status=401))
    planted = {"texts": texts, "url": model_server.base_url, "key": "sk-proj-" + "9kL2mN4pQ6rS8tU1vW0x" * 2}
    python(PROGRAM, *arguments, stdin=json.dumps(planted), **environment)


def everything(store: Path) -> bytes:
    """Return every byte of a store, and behind it what is base64 in it."""
    return b"\n".join(with_base64_read(path.read_bytes()) for path in sorted(store.rglob("*")) if path.is_file())


def forms(text: str) -> list[bytes]:
    """Return how a text may be written: as it is, in JSON, in JSON in a text, in a repr."""
    once = json.dumps(text, ensure_ascii=False)[1:-1]
    shown = repr(text)[1:-1]
    told = (text, once, json.dumps(once, ensure_ascii=False)[1:-1], shown, json.dumps(shown)[1:-1])
    return [form.encode() for form in told]


def test_no_planted_secret_is_in_the_store(store: Path, model_server: ModelServer) -> None:
    """Names, arguments, outputs, locals, chunks, errors, causes, notes, attributes, headers, variables, commands."""
    texts = [planted.text for planted in SECRETS]
    run(model_server, [*texts, *ENVIRONMENT.values()], *ON_THE_COMMAND_LINE, **ENVIRONMENT)
    written = everything(store)
    secrets = {planted.kind: planted.secret for planted in SECRETS}
    secrets |= ENVIRONMENT
    secrets |= {"client": "9kL2mN4pQ6rS8tU1", "option": "swordfish-on-the", "joined option": "haddock-on-the"}
    assert [kind for kind, secret in secrets.items() if any(form in written for form in forms(secret))] == []
    assert written.count(b'"r":"start"') == 7 * (len(texts) + 2) + 4
    assert b'"status":"error"' in written


def test_what_only_looks_like_a_secret_is_in_the_store(store: Path, model_server: ModelServer) -> None:
    """Each of them, whole: what is taken out by mistake cannot be looked at any more."""
    run(model_server, LOOK_ALIKES)
    written = everything(store)
    assert [text for text in LOOK_ALIKES if not any(form in written for form in forms(text))] == []


@pytest.mark.parametrize("text", [SECRETS[0].text])
def test_the_test_would_find_a_secret(store: Path, text: str) -> None:
    """In a file of its own, inside base64 too."""
    store.mkdir()
    (store / "raw").write_text(json.dumps({"a": text}))
    assert any(form in everything(store) for form in forms(text))
