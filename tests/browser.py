"""A real browser in tests: Chromium without a window, asked over its debugging protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from waiting import wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_S = 30
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0")
SEEN = """(() => { const seen = [...document.querySelectorAll("#rows .row")].sort((a, b) => a.offsetTop - b.offsetTop);
return { names: seen.map((row) => row.querySelector(".text").textContent),
  here: document.querySelector(".row.here .text")?.textContent, detail: document.getElementById("detail").innerText,
  found: document.getElementById("found").textContent, ran: globalThis.ran ?? null,
  errors: globalThis.problems ?? [] }; })()"""
"""What a person sees of the page."""
LISTEN = """globalThis.problems = [];
addEventListener("error", (event) => problems.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => problems.push(`policy: ${event.blockedURI}`));"""


class Browser:
    """One page, open in a browser of its own; what the page asked of elsewhere is in `requested`."""

    def __init__(self, page: Path, *, width: int = 1280, height: int = 800) -> None:
        self._page = page
        self._size = f"--window-size={width},{height}"
        self._number = 0
        self.requested: list[str] = []

    async def __aenter__(self) -> Browser:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            process = self._start(folder)
            stack.callback(process.wait)
            stack.callback(process.kill)
            port_file = folder / "DevToolsActivePort"
            port = wait_until(
                lambda: port_file.exists() and port_file.read_text().split("\n")[0], what="the browser's port"
            )
            session = await stack.enter_async_context(aiohttp.ClientSession())
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                target = next(each for each in await answer.json() if each["type"] == "page")
            self._socket = await session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
            stack.push_async_callback(self._socket.close)
            for domain in ("Page", "Network", "Runtime"):
                await self._call(f"{domain}.enable")
            await self._call("Page.addScriptToEvaluateOnNewDocument", source=LISTEN)
            await self._call("Page.navigate", url=self._page.as_uri())
            await self.until("document.documentElement?.dataset.ready === 'yes'")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _start(self, folder: Path) -> subprocess.Popen[bytes]:
        assert CHROMIUM is not None
        return subprocess.Popen(
            [CHROMIUM, *OPTIONS, self._size, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        answer = await self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def seen(self) -> dict[str, Any]:
        """Return what a person sees."""
        seen: dict[str, Any] = await self.evaluate(SEEN)
        return seen

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            await self._call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            await self._call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def until(self, expression: str) -> None:
        """Wait until an expression holds in the page."""
        deadline = time.monotonic() + PATIENCE_S
        while not await self.evaluate(expression):
            assert time.monotonic() < deadline, f"it never came to {expression}"

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            told = json.loads((await self._socket.receive()).data)
            if told.get("method") == "Network.requestWillBeSent":
                self.requested.append(told["params"]["request"]["url"])
            if told.get("id") == self._number:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result
