"""The importer against anything: never a crash, never a span too many, always a count."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.journals import span_id, trace_id
from storage.otlp_made import bare_protobuf, imported, made_span, message
from treadle_storage.dialects import columns_from
from treadle_storage.formats.otlp_files import OtlpFile
from treadle_storage.formats.otlp_spans import spans_in
from treadle_storage.formats.tallies import Tally
from treadle_storage.store import Store

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    2**70,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "0",
    "-1",
    "9" * 25,
    "\ud800",
    "a\0b",
    "x" * 3000,
    [],
    {},
    [[]],
    {"a": {}},
    {"stringValue": 5},
    {"intValue": "x"},
    {"doubleValue": "NaN"},
    {"arrayValue": {"values": "no"}},
    {"kvlistValue": {"values": [{"key": "$", "value": {"stringValue": "tuple"}}]}},
    "0" * 32,
    "0" * 16,
)
NAMES = (
    "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.input.messages",
    "gen_ai.output.messages", "gen_ai.response.finish_reasons", "gen_ai.prompt.0.content", "gen_ai.prompt.0",
    "openinference.span.kind", "input.value", "llm.input_messages.0.message.role", "llm.input_messages.x",
    "llm.token_count.prompt", "llm.cost.total", "ai.operationId", "ai.prompt.messages", "ai.response.toolCalls",
    "mlflow.spanType", "mlflow.chat.tokenUsage", "langfuse.observation.type", "langfuse.observation.input",
    "traceloop.span.kind", "events", "tool_arguments", "treadle.added", "treadle.input", "treadle.seq", "treadle.error",
    "treadle.function", "code.line.number", "treadle.blobs", "treadle.status", "treadle.kind", "thread.id", "tag.tags",
    "gen_ai.response.time_to_first_chunk", "", "$", "a.b",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    "chat",
    "LLM",
    "[]",
    "[1]",
    '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
    '{"messages":"x"}',
    '[{"role":"user","content":null}]',
    '{"$":"tuple","v":[1,2]}',
    '{"$":1}',
    "[[[[",
    "null",
    "12",
    "a:b",
    "interrupted",
    "ai.generateText.doGenerate",
    '{"type":5,"frames":3}',
    5,
    -3,
    1.5,
    True,
    list(NAMES),
    {"a": [None]},
    2**64,
)


def odd_message(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a message that is odd in some places."""
    spans = []
    for _ in range(chance.randrange(1, 4)):
        told = {chance.choice(NAMES): chance.choice(VALUES) for _ in range(chance.randrange(14))}
        event = {"name": "treadle.chunk", "attributes": [{"key": "treadle.value", "value": {"stringValue": "[1"}}]}
        span = made_span(
            chance.randrange(400), trace=trace_id(chance.randrange(9)), parent=chance.randrange(20), attributes=told,
            events=[event], status={"code": chance.randrange(3)},
        )  # fmt: skip
        spans.append(span)
    held = message(*spans)
    for _ in range(chance.randrange(3)):
        *above, last = chance.choice(list(paths(held)))
        place: Any = held
        for step in above:
            place = place[step]
        place[last] = copy.deepcopy(chance.choice(ODD))
    return held


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where everything in a tree stands."""
    if path:
        yield path
    members = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, below in members:
        yield from paths(below, (*path, name))


def spans_held(path: Path) -> int:
    """Count the spans that a file holds, readable or not."""
    return sum(len(spans_in(piece.body)) for piece in OtlpFile(path, Tally()).pieces())


def test_every_span_of_odd_files_is_counted_once(opened: Store, tmp_path: Path) -> None:
    """Of mutated, cut and random files each span is imported, known or skipped, and the index holds the imported."""
    chance = random.Random(4711)
    lines = [json.dumps(odd_message(chance, number)).encode() for number in range(250)]
    lines += [line[: chance.randrange(len(line))] for line in lines[:20]]
    files = [tmp_path / "a.jsonl"]
    files[0].write_bytes(b"\n".join(lines))
    whole = bare_protobuf(message(made_span(500)), message(made_span(501)))
    for number in range(40):
        files.append(tmp_path / f"{number}{chance.choice(['', '.pb', '.json', '.gz'])}")
        beginning = chance.choice(
            [b"", b"\x0a", b"\x1f\x8b", b"{", b"\0\0\0\x09", whole[: chance.randrange(len(whole))]]
        )
        files[-1].write_bytes(beginning + chance.randbytes(chance.randrange(200)))
    held = sum(spans_held(path) for path in files)
    done = imported(opened, *files)
    assert done.spans + done.known + done.skipped.total == held
    assert done.spans > 150
    assert list(opened.sql("select count(*), count(distinct (trace_id, span_id)) from spans")) == [
        (done.spans, done.spans)
    ]
    assert opened.status().rejected == ()
    again = imported(opened, *files)
    assert (again.spans, again.known) == (0, done.spans + done.known)
    for trace in range(9):
        assert len(opened.tree(trace_id(trace))) > 0


@pytest.mark.parametrize("seed", range(4))
def test_dialects_take_anything(seed: int) -> None:
    """Whatever stands under the names that dialects know, columns come of it that a row can hold."""
    chance = random.Random(seed)
    for _ in range(800):
        attributes = {chance.choice(NAMES): chance.choice(VALUES + ODD) for _ in range(chance.randrange(10))}
        for column, value in columns_from(attributes).items():
            assert isinstance(value, list if column == "tags" else (str, int, float)), column


def test_a_protobuf_file_that_was_cut_gives_what_is_whole(opened: Store, tmp_path: Path) -> None:
    """The messages before the cut are imported, and the rest is said to be missing."""
    path = tmp_path / "a.pb"
    path.write_bytes(bare_protobuf(message(made_span(1)), message(made_span(2)))[:-5])
    done = imported(opened, path)
    assert (done.spans, dict(done.unread.counts)) == (1, {"it ends in the middle of a message": 1})
    assert opened.step(trace_id(1), span_id(1)).name == "step 1"
