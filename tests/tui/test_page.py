"""The page of one trace: in a real browser, with whatever a program could have recorded."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import treadle_storage
from browser import CHROMIUM, Browser
from owners import end_owner
from storage.journals import JournalWriter, span_id, trace_id, write_long_trace
from treadle_storage.formats.choosing import choose
from treadle_storage.formats.cleaning import Cleaning
from treadle_storage.store import Store
from treadle_tui.page.writing import write_page
from tui.made_store import QUESTION, write_desk

HOSTILE = (
    "<script>globalThis.ran = 1</script>", "</script><script>globalThis.ran = 2</script>",
    "<!-- <script>", "--><img src=x onerror='globalThis.ran = 3'>", "<svg onload=globalThis.ran=4>",
    "javascript:globalThis.ran=5", "<a href='javascript:globalThis.ran=6'>x</a>", "\x1b[31mred\x1b]0;title\x07",
    "\u2028\u2029", "\u202eevil", "@script@ @trace@ @style@", "]]>&lt;&amp;", "__proto__",
)  # fmt: skip
SECRET = "sk-proj-" + "abcdefghij1234567890" * 2
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture
def opened(store: Path) -> Iterator[Store]:
    """Return a client of an empty store; its owner ends with the test."""
    with treadle_storage.open(store, create=True) as client:
        yield client
    end_owner(store)


def page_of_trace(store: Store, trace: str, folder: Path) -> tuple[Path, Cleaning]:
    """Write the page of a trace."""
    cleaning = Cleaning(store.path)
    path = folder / "page.html"
    with path.open("wb") as file:
        write_page(store, choose(store, trace_id=trace), cleaning, file)
    return path, cleaning


def write_hostile(store: Path) -> None:
    """Record what would run, if anything recorded could."""
    with JournalWriter(store) as writer:
        everything: dict[str, Any] = {text: list(HOSTILE) for text in HOSTILE}
        for number, text in enumerate(HOSTILE):
            parent = span_id(0) if number else None
            messages = {"messages": [{"role": text, "name": text, "content": text}], "more": everything}
            writer.start(
                span_id(number), text, kind="llm", parent=parent, arguments=messages,
                attrs={text: text, "gen_ai.request.model": text},
            )  # fmt: skip
            writer.chunks(span_id(number), [text, {text: text}])
            writer.record("event", trace=trace_id(1), span=span_id(number), name=text, attrs={text: text})
            frame = {"file": text, "line": text, "function": text, "source": text, "locals": {text: text}}
            error = {"type": text, "message": text, "stack": text, "frames": [frame]}
            writer.end(span_id(number), status="error", error=error, result=text)


@in_browser
async def test_what_was_recorded_is_shown_and_not_run(opened: Store, tmp_path: Path) -> None:
    """Scripts, comments, handlers and escapes in any place of a trace are text, and nothing is asked of elsewhere."""
    write_hostile(opened.path)
    path, _ = page_of_trace(opened, trace_id(1), tmp_path)
    async with Browser(path) as browser:
        for number, text in enumerate(HOSTILE):
            await browser.evaluate(f"document.getElementById('step-{number}').click()")
            await browser.evaluate(
                "document.querySelectorAll('#detail .more, #detail .fold').forEach((each) => each.click())"
            )
            shown = (await browser.seen())["detail"]
            plain = text.replace("\x1b", "␛").replace("\x07", "␇").replace("\u202e", "<202e>")
            assert plain.split("\u2028")[0] in shown, text
        seen = await browser.seen()
        assert (seen["ran"], seen["errors"]) == (None, [])
        assert await browser.evaluate("document.querySelectorAll('img, svg, a, iframe, link').length") == 0
        assert await browser.evaluate("document.scripts.length") == 2
        assert browser.requested == [path.as_uri()]


def test_the_page_allows_nothing_but_itself(opened: Store, tmp_path: Path) -> None:
    """Its policy names one script and one style by their hashes, and no address stands in what is ours of it."""
    write_hostile(opened.path)
    path, _ = page_of_trace(opened, trace_id(1), tmp_path)
    text = path.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'",
        policy[1],
    )
    ours = re.sub(r'<script type="application/json" id="trace">.*?</script>', "", text, flags=re.DOTALL)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|innerHTML|eval\(", ours)
    assert text.count("</script>") == 2
    assert "\u2028" not in text


@in_browser
async def test_keys_and_search_lead_through_the_trace(opened: Store, tmp_path: Path) -> None:
    """The page opens on the failed step; j and k move, h closes, e goes to errors, / finds in payloads."""
    trace = write_desk(opened.path)
    path, _ = page_of_trace(opened, trace, tmp_path)
    async with Browser(path) as browser:
        seen = await browser.seen()
        assert seen["here"] == "parse_answer"
        assert "JSONDecodeError: Expecting value" in seen["detail"]
        await browser.press("g", "j")
        seen = await browser.seen()
        assert (seen["here"], QUESTION in seen["detail"]) == ("detect_language", True)
        await browser.press("j", "h")
        assert "embed" not in (await browser.seen())["names"]
        await browser.press("l", "l")
        assert (await browser.seen())["here"] == "embed"
        await browser.press("e")
        assert (await browser.seen())["here"] == "parse_answer"
        await browser.press("/", *"treadles.md")
        await browser.until("document.getElementById('found').textContent !== ''")
        seen = await browser.seen()
        assert seen["names"] == ["answer", "retrieve", "converse"]
        assert seen["found"] == "2 of 10"
        await browser.press("Escape")
        assert len((await browser.seen())["names"]) == 10
        assert (await browser.seen())["errors"] == []


@in_browser
async def test_a_long_trace_has_only_the_rows_that_are_seen(opened: Store, tmp_path: Path) -> None:
    """Of five thousand steps some dozen rows are made, wherever one stands."""
    trace = write_long_trace(opened.path, steps=5000)
    path, _ = page_of_trace(opened, trace, tmp_path)
    async with Browser(path) as browser:
        await browser.press("g")
        first = await browser.seen()
        await browser.press("G")
        last = await browser.seen()
        assert (first["names"][0], last["names"][-1]) == ("chain_0", "span_19")
        assert max(len(first["names"]), len(last["names"])) < 80
        assert await browser.evaluate("document.getElementById('rows').offsetHeight") == 5000 * 28


@in_browser
async def test_on_a_phone_the_tree_and_the_step_take_turns(opened: Store, tmp_path: Path) -> None:
    """A narrow window shows one of the two, and leads back; nothing is wider than it."""
    trace = write_desk(opened.path)
    path, _ = page_of_trace(opened, trace, tmp_path)
    shown = "[...document.querySelectorAll('#tree, #detail')].filter((each) => each.offsetWidth).map((each) => each.id)"
    async with Browser(path, width=500) as browser:
        assert await browser.evaluate(shown) == ["tree"]
        await browser.evaluate("document.querySelector('.row').click()")
        assert await browser.evaluate(shown) == ["detail"]
        assert await browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await browser.evaluate("document.getElementById('back').click()")
        assert await browser.evaluate(shown) == ["tree"]


def test_secrets_are_on_no_page(opened: Store, tmp_path: Path) -> None:
    """What was recorded before anyone knew that it is a secret is masked on the page, and counted."""
    text = f'api_key = "{SECRET}"'
    with JournalWriter(opened.path) as writer:
        writer.start(span_id(1), "call", kind="llm", arguments={"messages": [{"role": "user", "content": text}]})
        writer.chunks(span_id(1), [text])
        writer.end(span_id(1), status="error", error={"type": "E", "message": text}, attrs={"told": text})
    path, cleaning = page_of_trace(opened, trace_id(1), tmp_path)
    assert "abcdefghij1234567890" not in path.read_text()
    assert cleaning.secrets >= 4
