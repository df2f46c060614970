"""The page written: the trace as JSON in it, the style and the script with their hashes, and nothing else allowed."""

import html
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any

import orjson

from treadle_tui import figures
from treadle_tui.cli.controls import visible
from treadle_tui.cli.times import moment
from treadle_tui.themes import DARK, LIGHT

if TYPE_CHECKING:
    from textual.theme import Theme

    from treadle.model import TraceSummary
    from treadle_storage import Store
    from treadle_storage.formats.choosing import Chosen
    from treadle_storage.formats.cleaning import Cleaning
    from treadle_storage.formats.recorded_spans import RecordedSpan

SCRIPTS = ("values.js", "detail.js", "tree.js", "start.js")
MOST_CHARACTERS = 400_000
"""Of one payload; the store has the rest."""
MOST_EVENTS = 5_000
_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
)
_COLOURS = (
    "primary",
    "secondary",
    "accent",
    "warning",
    "error",
    "success",
    "foreground",
    "background",
    "surface",
    "panel",
)
_VARIABLES = ("strong", "dim", "faint", "hairline", "position", "match", "scrollbar")
_FAMILIES = ("kind-", "syntax-")


def write_page(store: "Store", chosen: "Chosen", cleaning: "Cleaning", file: IO[bytes]) -> int:
    """Write the page of one trace; return how many steps it has."""
    from treadle_storage.formats.recorded_spans import read_groups

    ((trace_id, _),) = chosen.traces
    spans = [span for group in read_groups(store, chosen, cleaning) for span in group.spans]
    summary = store.trace(trace_id)
    name = cleaning.redactor.text(summary.name)
    trace = {
        "id": trace_id,
        "name": name,
        "status": summary.status,
        "failed": summary.failed,
        "figures": _figures(summary),
        "steps": _steps(store, trace_id, {span.row["span_id"]: span for span in spans}),
    }
    file.write(page_of(trace, title=name))
    return len(spans)


def page_of(trace: dict[str, Any], *, title: str) -> bytes:
    """Return a page that shows a trace."""
    folder = files(__package__)
    style = _themes() + folder.joinpath("page.css").read_text(encoding="utf-8")
    parts = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";(() => {{\n{parts}}})();'
    held = {
        "@policy@": _POLICY.format(script=_hash(script), style=_hash(style)),
        "@title@": html.escape(f"{visible(title, lines=False)} · Treadle"),
        "@style@": style,
        "@trace@": _inert(orjson.dumps(trace)),
        "@script@": script,
    }
    page = folder.joinpath("page.html").read_text(encoding="utf-8")
    pieces = []
    for mark, text in held.items():  # in their order in the page: what was recorded may hold the next mark
        before, page = page.split(mark, 1)
        pieces += [before, text]
    return "".join([*pieces, page]).encode()


def _inert(data: bytes) -> str:
    r"""Return JSON in which nothing can end the element that it stands in, or begin another."""
    for character in (b"<", b">", b"&"):
        data = data.replace(character, b"\\u%04x" % ord(character))
    return data.decode().replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _themes() -> str:
    dark, light = _variables(DARK), _variables(LIGHT)
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}\n"
        f':root[data-theme="light"] {{ color-scheme: light; {light} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {dark} }}\n'
    )


def _variables(theme: "Theme") -> str:
    named = {name: getattr(theme, name) for name in _COLOURS}
    named |= {
        name: value for name, value in theme.variables.items() if name in _VARIABLES or name.startswith(_FAMILIES)
    }
    return " ".join(f"--{name}: {value};" for name, value in named.items())


def _figures(summary: "TraceSummary") -> str:
    told = [
        f"{moment(summary.started_at_ns):%Y-%m-%d %H:%M:%S} UTC",
        figures.duration_text(round(summary.duration_ms * 1e6)) if summary.duration_ms is not None else "",
        f"{summary.span_count:,} steps",
        f"{summary.error_count:,} errors" if summary.error_count else "",
        f"{summary.input_tokens or 0:,} → {summary.output_tokens or 0:,} tokens" if summary.input_tokens else "",
        figures.money(summary.cost_usd) if summary.cost_usd else "",
    ]
    return " · ".join(text for text in told if text)


def _steps(store: "Store", trace_id: str, spans: "dict[str, RecordedSpan]") -> list[dict[str, Any]]:
    """Return the steps in the order of the tree."""
    tree = store.tree(trace_id)
    first_ns = int(tree.start_ns.min()) if len(tree) else 0
    steps: list[dict[str, Any]] = []
    rows: dict[int, int] = {}
    for row in range(len(tree)):
        span = spans.get(tree.hex_id(row))
        if span is None:  # it came meanwhile
            continue
        rows[row] = len(steps)
        at_ms = (int(tree.start_ns[row]) - first_ns) / 1e6
        parent = rows.get(int(tree.parent[row]), -1)
        steps.append({"parent": parent, "depth": int(tree.depth[row]), "at": at_ms, **_step(span)})
    return steps


def _step(span: "RecordedSpan") -> dict[str, Any]:
    row = span.row
    ended_ns, first_chunk_ns = row["ended_ns"], row["first_chunk_ns"]
    return {
        "id": row["span_id"], "name": row["name"], "kind": row["kind"], "status": row["status"],
        "ms": None if ended_ns is None else (ended_ns - row["started_ns"]) / 1e6,
        "ttft": None if first_chunk_ns is None else (first_chunk_ns - row["started_ns"]) / 1e6,
        "model": row["model"], "in": row["input_tokens"], "out": row["output_tokens"], "cost": row["cost_usd"],
        "finish": row["finish_reason"], "session": row["session_id"], "user": row["user_id"], "source": row["source"],
        "code": _code(row), "input": _cut(row["input"]), "output": _cut(row["output"]),
        "error": span.error, "attributes": span.attributes,
        "messages": [
            {"direction": held["direction"], "role": held["role"], "content": _cut(held["content"]),
             "parts": held["parts"], "name": held["tool_name"]}
            for held in span.messages
        ],
        "events": [
            [(event["at_ns"] - row["started_ns"]) / 1e6, event["name"], _cut(event["attributes"])]
            for event in span.events[:MOST_EVENTS]
        ],
    }  # fmt: skip


def _code(row: dict[str, Any]) -> str | None:
    if row["code_file"] is None:
        function: str | None = row["code_function"]
        return function
    return f"{row['code_file']}:{row['code_line']}"


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}… ({len(text) - MOST_CHARACTERS:,} more characters in the store)"
