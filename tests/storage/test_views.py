"""The public views: the names that design promises, and what stands under them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from storage.indexes import ask, rows
from storage.journals import (
    CHAT_ATTRS,
    USAGE_ATTRS,
    JournalWriter,
    chat_answer,
    chat_request,
    span_id,
    trace_id,
    write_example,
)  # fmt: skip
from treadle_storage.index import Index
from treadle_storage.steps import messages_of, step_of

PROMISED = {
    "spans": "trace_id, span_id, parent_span_id, process_id, seq, name, kind, status, error_type, error_message, "
    "started_at, ended_at, duration_ms, paused_ms, ttft_ms, thread_id, task_id, model, provider, temperature, "
    "finish_reason, input, output, input_tagged, output_tagged, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, "
    "cost_usd, session_id, user_id, service, tags, code_function, code_file, code_line, code_hash, flavour, args_hash, "
    "attributes, source, served_from, replayable, not_replayable_why",
    "traces": "trace_id, name, status, failed, started_at, duration_ms, span_count, error_count, llm_calls, "
    "input_tokens, output_tokens, cost_usd, session_id, user_id, service, tags, input, output, replay_of, variant",
    "messages": "trace_id, span_id, direction, position, role, content, parts, tool_name, tool_call_id",
    "events": "trace_id, span_id, at, name, attributes",
    "scores": "trace_id, span_id, name, value, label, comment, source, author, created_at",
    "processes": "process_id, pid, argv, cwd, python, git_commit, git_dirty, host, started_at",
}


@pytest.mark.parametrize(("view", "columns"), PROMISED.items())
def test_the_columns_are_the_promised_ones(index: Index, view: str, columns: str) -> None:
    """Names and their order are a public contract."""
    assert [row[0] for row in rows(index, f"describe {view}")] == columns.split(", ")


@pytest.mark.parametrize("view", ["llm_calls", "tool_calls", "retrievals", "errors", "sessions"])
def test_the_views_of_a_sort_can_be_asked(store: Path, index: Index, view: str) -> None:
    """Each has rows after a chain of all sorts."""
    with JournalWriter(store) as writer:
        write_example(writer)
        writer.start(
            span_id(90), "lookup", kind="tool", arguments={"city": "Oslo"}, attrs={"gen_ai.tool.name": "weather"}
        )
        writer.end(span_id(90), result="rain")
        index.ingest()
    assert len(rows(index, f"select * from {view}")) == 1


def test_a_session_holds_all_steps_of_its_traces(store: Path, index: Index) -> None:
    """Where only the root names the session, the calls below it and their tokens are counted too."""
    with JournalWriter(store) as writer:
        write_example(writer)
        index.ingest()
    counted = rows(
        index, "select session_id, trace_count, span_count, llm_calls, error_count, output_tokens from sessions"
    )
    assert counted == [("s1", 1, 4, 1, 1, 100)]


def test_a_model_call_has_its_numbers(store: Path, index: Index) -> None:
    """Model, tokens, finish reason and cost come from the attributes and the price list."""
    with JournalWriter(store) as writer:
        write_example(writer)
        index.ingest()
    assert rows(
        index, "select model, provider, input_tokens, output_tokens, cost_usd, finish_reason from llm_calls"
    ) == [("gpt-4o", "openai", 1000, 100, pytest.approx(0.0035), "stop")]
    assert rows(index, "select input->>'$.model', output->>'$.choices[0].message.content' from llm_calls") == [
        ("gpt-4o", "Sorry, in Norway.")
    ]


def test_an_unknown_model_has_no_price(store: Path, index: Index) -> None:
    """A price that nobody knows is null, not zero."""
    attrs = {**CHAT_ATTRS, "gen_ai.request.model": "my-own-model-7b"}
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "chat", kind="llm", arguments=chat_request("hi"), attrs=attrs)
        writer.end(span_id(1), tagged=chat_answer("ho"), attrs=USAGE_ATTRS)
        index.ingest()
    assert rows(index, "select model, cost_usd from llm_calls") == [("my-own-model-7b", None)]


CONVERSATIONS: dict[str, tuple[Any, Any, list[tuple[str, str, str | None]]]] = {
    "chat": (
        chat_request("hi"), {"choices": [{"message": {"role": "assistant", "content": "ho"}}]},
        [("input", "system", "You answer in one sentence."), ("input", "user", "hi"), ("output", "assistant", "ho")],
    ),
    "a plain function": ({"prompt": "hi", "n": 3}, "ho", [("input", "user", "hi"), ("output", "assistant", "ho")]),
    "a question by any name": (
        {"model": "m", "frage": "hi"}, "ho", [("input", "user", "hi"), ("output", "assistant", "ho")],
    ),
    "a system prompt": (
        {"system": "be brief", "question": "hi"}, "ho",
        [("input", "system", "be brief"), ("input", "user", "hi"), ("output", "assistant", "ho")],
    ),
    "a conversation by any name": (
        {"history": [{"role": "user", "content": "hi"}]}, {"role": "assistant", "content": "ho"},
        [("input", "user", "hi"), ("output", "assistant", "ho")],
    ),
    "content blocks": (
        {
            "system": "s",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "ho"}]},
        [("input", "system", "s"), ("input", "user", "a\nb"), ("output", "assistant", "ho")],
    ),
    "responses": (
        {"input": [{"role": "user", "content": "hi"}]},
        {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ho"}]}]},
        [("input", "user", "hi"), ("output", "assistant", "ho")],
    ),
    "structured output": (
        {"prompt": "hi"}, {"answer": 42}, [("input", "user", "hi"), ("output", "assistant", '{"answer":42}')],
    ),
    "nothing readable": ({"n": 1}, None, []),
    "no arguments": ({}, 7, [("output", "assistant", "7")]),
    "odd messages": ({"messages": [None, "text", {"content": None}]}, {"choices": []},
                     [("input", "user", None), ("input", "user", None), ("input", "user", None)]),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "result", "expected"), CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_a_call_reads_as_a_conversation(
    store: Path, index: Index, arguments: Any, result: Any, expected: list[tuple[str, str, str | None]]
) -> None:
    """Whatever shape a call has, its messages are found."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "chat", kind="llm", arguments=arguments)
        writer.end(span_id(1), result=result)
        index.ingest()
    found = messages_of(ask(index, "messages", trace_id=trace_id(1), span_id=span_id(1)))
    assert [(message.direction, message.role, message.content) for message in found] == expected
    assert len(rows(index, "select * from messages")) == len(expected)


def test_tool_calls_are_parts_of_messages(store: Path, index: Index) -> None:
    """A call of a tool is a part with its arguments as JSON; its result names the call."""
    called = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
    messages = [
        {"role": "user", "content": [
            {"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "http://x/i.png"}},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c1", "name": "weather", "content": "rain"},
    ]  # fmt: skip
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "chat", kind="llm", arguments={"messages": messages})
        index.ingest()
        user, assistant, tool = messages_of(ask(index, "messages", trace_id=trace_id(1), span_id=span_id(1)))
    assert (user.content, user.parts) == ("look", [{"type": "uri", "modality": "image", "uri": "http://x/i.png"}])
    assert assistant.parts == [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}]
    assert (tool.content, tool.tool_name, tool.tool_call_id, tool.parts) == ("rain", "weather", "c1", None)


def test_a_step_has_everything(store: Path, index: Index) -> None:
    """Code, error with its frames, exact bytes, and where the program ran."""
    with JournalWriter(store) as writer:
        write_example(writer)
        index.ingest()
    found = dict(rows(index, "select name, span_id from spans"))
    answer = step_of(ask(index, "step", trace_id=trace_id(1), span_id=found["answer"]))
    assert answer.function is not None
    assert (answer.function.module, answer.function.qualname, answer.function.line) == ("app", "answer", 11)
    assert (answer.input_tagged, answer.cwd, answer.attributes) == (
        b'{"question":"Where is Oslo?"}', "/home/me/app", {"session.id": "s1"})  # fmt: skip
    parse = step_of(ask(index, "step", trace_id=trace_id(1), span_id=found["parse"]))
    assert (parse.status, parse.error_type, parse.function) == ("error", "ValueError", None)
    assert isinstance(parse.error, dict)
    assert parse.error["frames"][0]["function"] == "parse"  # type: ignore[index, call-overload]


def test_events_have_their_attributes(store: Path, index: Index) -> None:
    """What happened inside a step comes in order, chunks among it."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "x")
        writer.record("event", trace=trace_id(1), span=span_id(1), name="retry", attrs={"attempt": 2})
        index.ingest()
    found = ask(index, "events", trace_id=trace_id(1), span_id=span_id(1))
    assert [(row[1], orjson.loads(row[2])) for row in found.rows()] == [("retry", {"attempt": 2})]
