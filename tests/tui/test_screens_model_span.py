"""A model's span without a function, asked again from the debugger: by `x` as it was, by `i` with another request."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_apis import ModelApi, completion
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from tui.replayed import recorded_chain, until

ATTRIBUTES = {
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Wo?"}]}]',
}
PROGRAM = """
import treadle

@treadle.trace
def chain():
    with treadle.span("chat gpt-4o", kind="llm") as span:
        for name, value in {attributes!r}.items():
            span.set_attribute(name, value)
        span.set_output("Hier.")

chain()
"""
REQUEST = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Wo?"}]}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelApi]:
    """Return the API that this machine's environment names."""
    with ModelApi(completion("Hier.")) as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield api


def opened(store: Store) -> TreadleApp:
    """Return the app on the newest trace."""
    return TreadleApp(store, trace_id=store.traces(limit=1)[0].trace_id)


async def test_x_asks_the_user_and_then_the_model(tmp_path: Path, store: Path, api: ModelApi) -> None:
    """One call, shown before it is made; no runs nothing."""
    with recorded_chain(tmp_path, store, PROGRAM.format(attributes=ATTRIBUTES)) as recorded:
        async with opened(recorded).run_test(size=(120, 40)) as pilot:
            await until(pilot, "step 1/2")
            await pilot.press("s", "x")
            assert "LLM  chat gpt-4o    1 call" in await until(pilot, "For real · chat gpt-4o alone")
            await pilot.press("n")
            await until(pilot, "step 2/2", without="For real")
            assert api.asked == []
            await pilot.press("x")
            await until(pilot, "For real · chat gpt-4o alone")
            await pilot.press("y")
            await until(pilot, "same: it returned what was recorded", "1 live")
    assert [json.loads(sent.body) for sent in api.asked] == [REQUEST]


async def test_i_edits_the_request(tmp_path: Path, store: Path, api: ModelApi) -> None:
    """What is sent stands in the editor, though the span was given nothing; alone is the only way to send it."""
    with recorded_chain(tmp_path, store, PROGRAM.format(attributes=ATTRIBUTES)) as recorded:
        async with opened(recorded).run_test(size=(120, 40)) as pilot:
            await until(pilot, "step 1/2")
            await pilot.press("s", "i")
            screen = await until(pilot, "Input of chat gpt-4o", '"content": "Wo?"', "^s this step alone")
            assert "ctrl+r" not in screen
            await pilot.press("ctrl+home", "down", "end", *["left"] * 2, "m")
            await until(pilot, '"gpt-4om"', "changed")
            await pilot.press("ctrl+s")
            await until(pilot, "For real · chat gpt-4o alone, edited")
            await pilot.press("y")
            await until(pilot, "same: it returned what was recorded", "1 live")
    assert [json.loads(sent.body) for sent in api.asked] == [{**REQUEST, "model": "gpt-4om"}]


async def test_a_span_without_its_content_says_why_it_is_not_asked(tmp_path: Path, store: Path, api: ModelApi) -> None:
    """By either key."""
    attributes = {name: value for name, value in ATTRIBUTES.items() if name != "gen_ai.input.messages"}
    with recorded_chain(tmp_path, store, PROGRAM.format(attributes=attributes)) as recorded:
        async with opened(recorded).run_test(size=(120, 40)) as pilot:
            await until(pilot, "step 1/2")
            await pilot.press("s", "i")
            await until(pilot, "cannot be asked again: its messages were not captured")
            await pilot.press("x")
            await until(pilot, "not replayable", "messages were not captured: switch content capture on")
    assert api.asked == []
