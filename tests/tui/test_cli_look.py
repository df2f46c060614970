"""Looking at a store: traces, show, diff, search, sql, on a real store made of journals."""

import csv
import io
import json

import pytest

from tui.shop import FAILED, KILLED, OK


def test_traces_lists_the_newest_first(cli, shop):
    """A line a trace, with its state in a word."""
    ran = cli("traces", store=shop)
    heading, killed, failed, ok = ran.out.splitlines()
    assert ran.code == 0
    assert heading.split()[:2] == ["trace", "started"]
    assert KILLED[:8] in killed
    assert "⊘ interrupted" in killed
    assert "✗ failed" in failed
    assert "✓ ok" in ok
    assert "1,100" in ok


def test_traces_are_data_too(cli, shop):
    """The columns have the names of the view `traces`."""
    listed = json.loads(cli("traces", "--where", "failed = true", "--format", "json", store=shop).out)
    assert [(trace["trace_id"], trace["failed"], trace["error_count"]) for trace in listed] == [(FAILED, True, 1)]
    assert listed[0]["started_at"].endswith("Z")
    assert cli("traces", "--limit", "1", "--format", "csv", store=shop).out.count("\n") == 2


def test_a_filter_that_nothing_fits_is_said(cli, shop):
    """Data stays empty; the talk is on stderr."""
    ran = cli("traces", "--where", "name = 'nobody'", store=shop)
    assert (ran.code, ran.out) == (0, "")
    assert "no trace in" in ran.err


def test_show_draws_the_tree_and_what_failed(cli, shop):
    """Durations, kinds, states, outputs; then the failing step in full."""
    ran = cli("show", OK[:6], store=shop)
    assert ran.code == 0
    heading, *lines = ran.out.splitlines()
    assert heading.startswith(f"{OK}  answer  ✓ ok")
    assert "4 steps  1 error  1,000 → 100 tok" in heading
    assert [line[:18].rstrip() for line in lines[:4]] == [
        "✓ CHN answer",
        "✓   RTV retrieve",
        "✓   LLM chat gpt-4",
        "✗   CHN parse",
    ]
    assert "→ Sorry, in Norway." in lines[2]
    assert "ValueError: no JSON" in lines[3]
    details = "\n".join(lines[4:])
    assert 'input\n  text: "Norway"' in details
    assert "error\n  ValueError: no JSON\n    /home/me/app/app.py:3 in parse\n      json.loads(text)" in details


def test_a_killed_chain_shows_what_had_come(cli, shop):
    """Finished calls with their outputs, the last with its input and the chunks of its stream."""
    ran = cli("show", "last", store=shop)
    assert "last is" in ran.err
    assert "→ a greeting" in ran.out
    assert "⊘   LLM chat" in ran.out
    assert "interrupted" in ran.out
    assert "user       Hey?" in ran.out
    assert 'chunks (2 had come)\n  "Hello th"' in ran.out


def test_last_failed_says_which_rule_chose_it(cli, shop):
    """The failed one, on stderr."""
    ran = cli("show", "last-failed", store=shop)
    assert FAILED in ran.out
    assert f"last-failed is {FAILED[:8]}: failed" in ran.err


def test_recorded_control_characters_are_pictures(cli, shop):
    """A recorded escape sequence does not colour the terminal."""
    out = cli("show", FAILED, store=shop).out
    assert "\x1b" not in out
    assert "rush ␛[31mred" in out


def test_one_step_is_shown_in_full(cli, shop):
    """By the prefix of its id, or by its name."""
    by_name = cli("show", OK, "--step", "retrieve", store=shop).out
    assert by_name.startswith("retrieve  RTV  ✓ ok")
    assert '- "Oslo is in Norway"' in by_name
    span_id = by_name.splitlines()[0].split()[-1]
    assert cli("show", OK, "--step", span_id[:7], store=shop).out == by_name
    assert cli("show", span_id, store=shop).out == by_name


def test_a_model_call_reads_as_a_conversation(cli, shop):
    """Roles and words, and what else was asked for."""
    out = cli("show", OK, "--step", "chat gpt-4o", store=shop).out
    assert "messages\n  system     You answer in one sentence.\n  user       Where is Oslo?" in out
    assert "temperature: 0.2" in out
    assert "output\n  assistant  Sorry, in Norway." in out


def test_show_is_data_too(cli, shop):
    """The whole trace as one document, a step as another, the steps as rows."""
    document = json.loads(cli("show", OK, "--format", "json", store=shop).out)
    assert document["trace"]["trace_id"] == OK
    assert [step["name"] for step in document["steps"]] == ["answer", "retrieve", "chat gpt-4o", "parse"]
    assert document["steps"][1]["output"] == ["Oslo is in Norway"]
    assert document["steps"][3]["error_message"] == "no JSON"
    step = json.loads(cli("show", OK, "--step", "parse", "--format", "json", store=shop).out)
    assert (step["input"], step["error"]["frames"][0]["line"]) == ({"text": "Norway"}, 3)
    rows = list(csv.DictReader(io.StringIO(cli("show", OK, "--format", "csv", store=shop).out)))
    assert [row["depth"] for row in rows] == ["0", "1", "1", "1"]


def test_a_trace_is_the_same_as_itself(cli, shop):
    """Every call is aligned with itself."""
    ran = cli("diff", OK, OK, "--exit-code", store=shop)
    assert ran.code == 0
    assert ran.out.splitlines() == ["= answer", "=   retrieve", "=   chat gpt-4o", "=   parse"]
    assert "4 the same, 0 differ" in ran.err


def test_traces_are_compared_call_by_call(cli, shop):
    """What differs by its path, what is on one side only by its name."""
    ran = cli("diff", OK, KILLED, "--exit-code", store=shop)
    assert ran.code == 1
    assert "input question: 'Where is Oslo?' -> 'Hey?'" in ran.out
    assert "status: ok -> interrupted" in ran.out
    assert "retrieve  only in A" in ran.out
    assert "look up  only in B" in ran.out


def test_steps_are_compared_alone(cli, shop):
    """Two spans; as rows, one for each difference."""
    ran = cli("diff", "4bb0", "00000000000000f2", "--format", "ndjson", store=shop)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert {row["part"] for row in rows} == {"status", "input", "output"}
    (asked,) = [row for row in rows if row["part"] == "input"]
    assert (asked["path"], asked["before"], asked["after"]) == ("messages[1].content", "Where is Oslo?", "Hey?")


@pytest.mark.parametrize("text", ["oslo", "OSLO", "Where is"])
def test_search_finds_text_whatever_its_case(cli, shop, text):
    """Each step that holds it, with where and what is around it."""
    ran = cli("search", text, "--format", "json", store=shop)
    found = json.loads(ran.out)
    assert {hit["trace_id"] for hit in found} == {OK}
    assert all(text.lower() in hit["snippet"].lower() for hit in found)


def test_search_looks_into_json_as_a_person_reads_it(cli, shop):
    """A line break in the text is one in the payload; quotes are only quotes."""
    assert FAILED[:8] in cli("search", "no\nrush", store=shop).out
    assert cli("search", "' or 1=1 --", store=shop).out == ""


def test_search_says_when_a_text_is_nowhere(cli, shop):
    """It did its work: exit 0."""
    ran = cli("search", "zebra", "--format", "json", store=shop)
    assert (ran.code, ran.out) == (0, "[]\n")
    assert "'zebra' is nowhere in" in ran.err


def test_sql_answers_in_four_formats(cli, shop):
    """The query of the README."""
    query = "select model, count(*) as calls, sum(output_tokens) as tokens from llm_calls group by 1"
    assert cli("sql", query, store=shop).out.splitlines()[1].split() == ["gpt-4o", "2", "100"]
    assert json.loads(cli("sql", query, "--format", "json", store=shop).out) == [
        {"model": "gpt-4o", "calls": 2, "tokens": 100}
    ]
    assert json.loads(cli("sql", query, "--format", "ndjson", store=shop).out)["calls"] == 2
    assert cli("sql", query, "--format", "csv", store=shop).out == "model,calls,tokens\ngpt-4o,2,100\n"


def test_sql_reads_a_query_from_stdin(cli, shop, monkeypatch):
    """`-` is standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("select 1 as one"))
    assert cli("sql", "-", "--format", "csv", store=shop).out == "one\n1\n"


def test_a_query_that_takes_too_long_is_stopped(cli, shop):
    """`--timeout` ends it with one line."""
    ran = cli(
        "sql", "select sum(a.range * b.range) from range(10000000) a, range(100000) b", "--timeout", "0.3", store=shop
    )
    assert ran.code == 2
    assert ran.err.startswith("treadle: ")
