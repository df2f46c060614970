"""Parallel calls replayed: every answer, and the order in which the program saw them, as recorded."""

import pytest

from e2e.conftest import Project
from servers import Answer, ModelServer

TIMES = 20

GATHERED = """
import asyncio, random, treadle

@treadle.trace(kind="llm")
async def ask(question):
    await asyncio.sleep(random.random() / 25)
    return f"{question}: {random.random()}"

@treadle.trace
async def chain(same):
    answers = await asyncio.gather(*[ask("same" if same else f"q{i}") for i in range(8)])
    for next_one in asyncio.as_completed([ask("same" if same else f"r{i}") for i in range(8)]):
        answers.append(await next_one)
    tasks = [asyncio.create_task(ask(f"hedge {i}")) for i in range(3)]
    done, losers = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for loser in losers:
        loser.cancel()
    await asyncio.gather(*losers, return_exceptions=True)
    return " | ".join(answers + sorted(task.result() for task in done))

if __name__ == "__main__":
    asyncio.run(chain(False))
    asyncio.run(chain(True))
"""

POOLED = """
import random, time, treadle
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait

@treadle.trace(kind="llm")
def ask(question):
    time.sleep(random.random() / 25)
    return f"{question}: {random.random()}"

@treadle.trace
def chain(same):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, ["same" if same else f"q{i}" for i in range(8)]))
        waiting = [pool.submit(ask, "same" if same else f"r{i}") for i in range(12)]
        answers += [future.result() for future in as_completed(waiting)]
    return " | ".join(answers)

if __name__ == "__main__":
    chain(False)
    chain(True)
"""

CLIENT = """
import asyncio, os, random, treadle
from concurrent.futures import ThreadPoolExecutor, as_completed
import openai

treadle.instrument()
settings = {"base_url": os.environ["MODEL_URL"], "api_key": "none", "max_retries": 0}

def say(client, question):
    completion = client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
    return completion.choices[0].message.content

async def say_later(client, question):
    completion = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
    return completion.choices[0].message.content

@treadle.trace
async def ask_all():
    async with openai.AsyncOpenAI(**settings) as client:
        answers = await asyncio.gather(*[say_later(client, "the same question") for _ in range(8)])
        for next_one in asyncio.as_completed([say_later(client, f"question {i}") for i in range(8)]):
            answers.append(await next_one)
    return answers

@treadle.trace
def chain():
    answers = asyncio.run(ask_all())
    with openai.OpenAI(**settings) as client, ThreadPoolExecutor(8) as pool:
        answers += list(pool.map(lambda _: say(client, "the same question"), range(8)))
        waiting = [pool.submit(say, client, f"question {i}") for i in range(8)]
        answers += [future.result() for future in as_completed(waiting)]
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "stream"}], stream=True
        )
        answers += [chunk.choices[0].delta.content for chunk in stream]
    return answers

if __name__ == "__main__":
    print(chain())
"""


@pytest.mark.parametrize("source", [GATHERED, POOLED], ids=["asyncio", "thread pool"])
def test_parallel_calls_answer_as_recorded_every_time(project: Project, source: str) -> None:
    """Gather, as_completed, a race and a pool give the recorded answers in the recorded order, equal prompts too."""
    project.record(source)
    recorded = [trace.trace_id for trace in project.store.traces() if trace.replay_of is None]
    assert len(recorded) == 2
    results = [project.replay(trace_id) for trace_id in recorded for _ in range(TIMES)]
    assert [result.sentence for result in results if result.verdict != "same"] == []
    assert {result.counts["served"] for result in results} == {results[0].counts["served"]}


def test_the_openai_client_is_answered_with_its_server_dead(
    project: Project, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal prompts that got different answers get them again, each where it was, with no server to ask."""
    numbers = iter(range(1000))
    model_server.rule = lambda request: Answer(f"answer {next(numbers)} to {request['messages'][0]['content']}")
    model_server.latency_s = 0.03
    monkeypatch.setenv("MODEL_URL", model_server.base_url)
    trace_id = project.record(CLIENT)
    asked = model_server.count
    model_server.stop()
    for _ in range(3):
        result = project.replay(trace_id)
        assert (result.verdict, result.sentence) == ("same", "it returned what was recorded")
        assert result.counts["served"] == asked == 33
    assert model_server.count == asked
