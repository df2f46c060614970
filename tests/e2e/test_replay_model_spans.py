"""A model's span without a function is asked again: with what it holds, to the byte, where the environment says."""

import json

from e2e.commands import treadle
from e2e.conftest import Project
from e2e.model_span_programs import CLAUDE, GPT, KEY, asked, record
from model_apis import ModelApi, failure, message, vectors
from storage.journals import span_id, trace_id
from storage.otlp_made import lines_file, made_span
from storage.otlp_made import message as message_of
from treadle_debugger.edits import of_step
from treadle_debugger.forecast import forecast
from treadle_debugger.request import Instead, Request


def test_a_request_goes_out_as_it_was_and_its_answer_is_recorded(project: Project, api: ModelApi) -> None:
    """The bytes, where they go, the key; a new trace with a span like it, linked, with the conventions' attributes."""
    trace_id, span_id = record(project, GPT)
    result = asked(project, trace_id, span_id)
    assert (result.verdict, result.exit_code, result.counts) == ("same", 0, {"live": 1}), result.sentence
    (sent,) = api.asked
    assert sent.body == (
        '{"model":"gpt-4o","messages":[{"role":"user","content":"Wie spät?"}],"temperature":0.5}'.encode()
    )
    assert (sent.path, sent.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert result.trace_id is not None
    (call,) = project.store.recording(result.trace_id).calls
    assert (call.name, call.kind, call.parent_span_id) == ("chat gpt-4o", "llm", None)
    assert json.loads(call.input_tagged) == json.loads(sent.body)
    assert json.loads(call.output_tagged or b"") == json.loads(api.reply.body)
    assert call.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "server.address": "127.0.0.1",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-4o-2024",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 4,
    }
    assert project.store.trace(result.trace_id).replay_of == trace_id


def test_anthropic_is_asked_in_its_own_way(project: Project, api: ModelApi) -> None:
    """System apart, a limit of tokens, its key and version in headers."""
    api.reply = message("Früh.")
    trace_id, span_id = record(project, CLAUDE)
    result = asked(project, trace_id, span_id)
    assert (result.verdict, result.exit_code) == ("changed", 0)
    assert result.sentence == "it returned something else: 'Spät.' -> 'Früh.'"
    (sent,) = api.asked
    assert sent.body == (
        '{"model":"claude-x","messages":[{"role":"user","content":"Wie spät?"}],"system":"Be brief.",'
        '"max_tokens":4096}'.encode()
    )
    assert (sent.path, sent.headers["x-api-key"]) == ("/v1/messages", KEY)
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in sent.headers


def test_an_embedding_is_asked_again_with_its_text(project: Project, api: ModelApi) -> None:
    """And compared by its vectors."""
    api.reply = vectors([0.5, 1.0])
    embedded = {"embedding.model_name": "embed-x", "embedding.embeddings.0.embedding.text": "one"}
    trace_id, span_id = record(project, embedded, name="embed", kind="embedding", output=[[0.5, 1.0]])
    assert asked(project, trace_id, span_id).verdict == "same"
    assert [(sent.path, sent.body) for sent in api.asked] == [("/v1/embeddings", b'{"model":"embed-x","input":"one"}')]


def test_what_a_span_was_given_is_a_request_where_no_attribute_tells(project: Project, api: ModelApi) -> None:
    """Long texts come out of their blobs; so a replay can be replayed itself."""
    long = "weft " * 30_000
    trace_id, span_id = record(project, {}, model="gpt-4o", messages=[{"role": "user", "content": long}])
    first = asked(project, trace_id, span_id)
    assert first.trace_id is not None
    (again,) = project.store.recording(first.trace_id).calls
    second = asked(project, first.trace_id, again.span_id)
    assert (first.verdict, second.verdict) == ("same", "same"), second.sentence
    assert json.loads(api.asked[0].body) == {"model": "gpt-4o", "messages": [{"role": "user", "content": long}]}
    assert api.asked[0].body == api.asked[1].body


def test_another_model_and_other_arguments_are_sent_and_recorded(project: Project, api: ModelApi) -> None:
    """`--model` and `--set` over the request, also of what it had not."""
    trace_id, span_id = record(project, GPT)
    instead = (
        Instead("chat*", "$.messages[0].content", "Wo?"),
        Instead(of_step(span_id), "$.temperature", "0"),
        Instead("chat*", "$.seed", "7"),
    )
    result = asked(project, trace_id, span_id, model="gpt-x", instead=instead)
    assert result.verdict == "same", result.sentence
    expected = b'{"model":"gpt-x","messages":[{"role":"user","content":"Wo?"}],"temperature":0,"seed":7}'
    assert [sent.body for sent in api.asked] == [expected]
    assert result.trace_id is not None
    (call,) = project.store.recording(result.trace_id).calls
    assert json.loads(call.input_tagged) == json.loads(expected)
    assert isinstance(call.attributes, dict)
    assert (call.attributes["gen_ai.request.model"], call.attributes["gen_ai.request.seed"]) == ("gpt-x", 7)


def test_an_error_of_the_server_is_the_steps_failure(project: Project, api: ModelApi) -> None:
    """With its status and what it says, and no key in it anywhere."""
    trace_id, span_id = record(project, GPT)
    api.reply = failure(401, f"Incorrect API key provided: {KEY}")
    result = asked(project, trace_id, span_id)
    assert (result.verdict, result.exit_code) == ("regressed", 1)
    assert result.sentence.startswith("it raised ModelError: 401 Unauthorized: Incorrect API key provided: ")
    assert result.trace_id is not None
    (call,) = project.store.recording(result.trace_id).calls
    assert isinstance(call.attributes, dict)
    assert (call.status, call.attributes["error.type"]) == ("error", "401")
    stored = b"".join(path.read_bytes() for path in project.store_path.rglob("*.ndjson"))
    assert KEY.encode() not in stored
    assert KEY not in result.sentence + project.printed()


def test_an_answer_that_was_not_recorded_is_compared_with_nothing(project: Project, api: ModelApi) -> None:
    """The verdict says so; where the attributes tell it, those are compared."""
    trace_id, span_id = record(project, GPT, output=None)
    result = asked(project, trace_id, span_id)
    assert (result.verdict, result.exit_code) == ("changed", 0)
    assert result.sentence == "it answered; what it had answered was not recorded, and so nothing is compared"
    answered = {**GPT, "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "Spät."}
    trace_id, span_id = record(project, answered, output=None)
    assert asked(project, trace_id, span_id).verdict == "same"


def test_it_is_forecast_with_what_it_cost_before_it_is_asked(project: Project, api: ModelApi) -> None:
    """One call, for about what the recording cost."""
    trace_id, span_id = record(project, GPT)
    expected = forecast(project.store, Request(trace_id, step_id=span_id, live=(of_step(span_id),)))
    (calls,) = expected.certain
    assert (calls.name, calls.kind, calls.count, expected.possible) == ("chat gpt-4o", "llm", 1, ())
    assert calls.cost_usd is not None
    assert calls.cost_usd > 0
    assert api.asked == []


def test_the_command_asks_first_and_then_the_model(project: Project, api: ModelApi) -> None:
    """`--step` alone names it; without `--yes`, and nobody to ask, nothing is sent; `--times` counts."""
    trace_id, span_id = record(project, GPT)
    command = ("replay", trace_id, "--step", span_id)
    unasked = treadle(*command)
    assert (unasked.code, api.asked) == (2, [])
    assert "this would run for real: chat gpt-4o (llm, 1 call); about $" in unasked.err
    done = treadle(*command, "--yes", "--format", "json")
    assert (done.code, done.json["verdict"], done.json["counts"], len(api.asked)) == (0, "same", {"live": 1}, 1)
    assert done.json["cost_usd"] > 0
    several = treadle(*command, "--yes", "--times", "3", "--model", "gpt-x")
    assert (several.code, len(api.asked)) == (0, 4)
    assert json.loads(api.asked[-1].body)["model"] == "gpt-x"
    assert KEY not in unasked.err + done.out + several.out + several.err


def test_nothing_of_the_recorded_program_is_needed(project: Project, api: ModelApi) -> None:
    """Neither its files nor its folder: what is asked is in the span."""
    trace_id, span_id = record(project, GPT)
    project.folder.rename(project.folder.with_name("gone"))
    done = treadle("replay", trace_id, "--step", span_id, "--yes", cwd=project.store_path)
    assert done.code == 0, done
    assert len(api.asked) == 1


def test_a_span_that_came_in_an_otlp_file_is_asked_again(project: Project, api: ModelApi) -> None:
    """Nobody signed it, so it waits for `--trust`; where it says that its server is, is never asked."""
    attributes = {**GPT, "server.address": "elsewhere.example"}
    file = lines_file(
        project.folder / "spans.jsonl", message_of(made_span(1, attributes=attributes, name="chat gpt-4o"))
    )
    assert treadle("import", str(file)).out == "1 span imported\n"
    step = ("replay", trace_id(1), "--step", span_id(1), "--yes")
    refused = treadle(*step)
    assert (refused.code, api.asked) == (2, [])
    assert "then replay with --trust" in refused.err
    ran = treadle(*step, "--trust", "--format", "json")
    assert (ran.code, ran.json["counts"]) == (0, {"live": 1})
    assert [json.loads(sent.body)["messages"] for sent in api.asked] == [[{"role": "user", "content": "Wie spät?"}]]
