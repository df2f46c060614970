"""Chains that ask in every way that programs ask at once: run as a program, recorded, and replayed.

`python parallel_chains.py PATTERN SOURCE ROUNDS` prints what each round heard, in the order in which it was heard. No
two answers are equal, and each takes its own time: what is heard depends on both.
"""

import asyncio
import os
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import treadle

LONGEST_S = 0.006
PATIENCE_S = 0.004  # some answers take longer
_drawn = threading.Lock()


def drawn() -> tuple[float, str]:
    """Return how long an answer takes, and what makes it unlike every other."""
    with _drawn:
        return random.random() * LONGEST_S, f"{random.getrandbits(48):012x}"


class Decorated:
    """Asks functions of the program's own."""

    @staticmethod
    @treadle.trace(kind="llm")
    def ask(question: str) -> str:
        """Answer after a while."""
        latency_s, answer = drawn()
        time.sleep(latency_s)
        return f"{question}: {answer}"

    @staticmethod
    @treadle.trace(kind="llm")
    async def ask_later(question: str) -> str:
        """Answer after a while."""
        latency_s, answer = drawn()
        await asyncio.sleep(latency_s)
        return f"{question}: {answer}"

    @staticmethod
    @treadle.trace(kind="llm")
    def stream(question: str) -> Iterator[str]:
        """Answer word by word."""
        for _ in range(5):
            latency_s, answer = drawn()
            time.sleep(latency_s / 5)
            yield f"{question}: {answer} "

    @staticmethod
    @treadle.trace(kind="llm")
    async def stream_later(question: str) -> AsyncIterator[str]:
        """Answer word by word."""
        for _ in range(5):
            latency_s, answer = drawn()
            await asyncio.sleep(latency_s / 5)
            yield f"{question}: {answer} "


class Client:
    """Asks a model's server through the OpenAI client."""

    def __init__(self) -> None:
        import openai

        treadle.instrument()
        settings = {"base_url": os.environ["MODEL_URL"], "api_key": "none", "max_retries": 0}
        self._client = openai.OpenAI(**settings)  # type: ignore[arg-type]
        self._later = openai.AsyncOpenAI(**settings)  # type: ignore[arg-type]

    def ask(self, question: str) -> str:
        """Ask for a completion."""
        said = self._client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
        return said.choices[0].message.content or ""

    async def ask_later(self, question: str) -> str:
        """Ask for a completion."""
        said = await self._later.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
        return said.choices[0].message.content or ""

    def stream(self, question: str) -> Iterator[str]:
        """Ask for a stream."""
        said = [{"role": "user", "content": question}]
        with self._client.chat.completions.create(model="m", messages=said, stream=True) as stream:  # type: ignore[call-overload]
            for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    async def stream_later(self, question: str) -> AsyncIterator[str]:
        """Ask for a stream."""
        said = [{"role": "user", "content": question}]
        async with await self._later.chat.completions.create(model="m", messages=said, stream=True) as stream:  # type: ignore[call-overload]
            async for chunk in stream:
                yield chunk.choices[0].delta.content or ""


Source = Decorated | Client
Heard = list[str]


def question(number: int, name: str) -> str:
    """Return what is asked in a round."""
    return f"{name} of round {number}"


async def sequential(source: Source, number: int) -> Heard:
    """Ask three times, each time about the last answer."""
    heard = [source.ask(question(number, "first"))]
    for _ in range(2):
        heard.append(await source.ask_later(heard[-1][-12:]))
    return heard


async def broken_off(source: Source, number: int) -> Heard:
    """Read two chunks of five."""
    heard = []
    stream = source.stream(question(number, "stream"))
    for chunk in stream:
        heard.append(chunk)
        if len(heard) == 2:
            break
    stream.close()  # type: ignore[attr-defined]
    later = source.stream_later(question(number, "stream"))
    async for chunk in later:
        heard.append(chunk)
        if len(heard) == 4:
            break
    await later.aclose()  # type: ignore[attr-defined]
    return heard


async def gathered_equal(source: Source, number: int) -> Heard:
    """Ask eight times the same at once."""
    return list(await asyncio.gather(*[source.ask_later("the same") for _ in range(8)]))


async def gathered_chains(source: Source, number: int) -> Heard:
    """Run four chains at once, each with two calls."""

    @treadle.trace
    async def chain(name: str) -> str:
        return await source.ask_later((await source.ask_later(question(number, name)))[-12:])

    return list(await asyncio.gather(*[chain(f"q{each}") for each in range(4)]))


async def completed(source: Source, number: int) -> Heard:
    """Hear eight answers as they come."""
    asked = [asyncio.create_task(source.ask_later(question(number, f"q{each}"))) for each in range(8)]
    return [await next_one for next_one in asyncio.as_completed(asked)]


async def first_completed(source: Source, number: int) -> Heard:
    """Wait for the first of six, again and again."""
    left: set[asyncio.Task[str]] = {
        asyncio.create_task(source.ask_later(question(number, f"q{each}"))) for each in range(6)
    }
    heard: Heard = []
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        heard.append(" ".join(sorted(task.result() for task in done)))
    return heard


async def hedged(source: Source, number: int) -> Heard:
    """Ask two, take the faster one and cancel the other."""
    asked = [asyncio.create_task(source.ask_later(question(number, f"q{each}"))) for each in range(2)]
    done, losers = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    for loser in losers:
        loser.cancel()
    await asyncio.gather(*losers, return_exceptions=True)
    return sorted(task.result() for task in done)


async def queued(source: Source, number: int) -> Heard:
    """Let three producers put their answers into a queue, and a consumer ask about each."""
    queue: asyncio.Queue[str] = asyncio.Queue(2)

    async def produce(name: str) -> None:
        for each in range(2):
            await queue.put(await source.ask_later(question(number, f"{name}{each}")))

    async def consume() -> Heard:
        return [await source.ask_later((await queue.get())[-12:]) for _ in range(6)]

    heard, *_ = await asyncio.gather(consume(), *[produce(name) for name in "abc"])
    return heard


async def timed_out(source: Source, number: int) -> Heard:
    """Give up on what takes too long."""

    async def patient(name: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await source.ask_later(question(number, name))
        except TimeoutError:
            return "too late"

    return list(await asyncio.gather(*[patient(f"q{each}") for each in range(4)]))


async def pooled(source: Source, number: int) -> Heard:
    """Ask twelve from a pool of eight, and hear them as they come."""
    with ThreadPoolExecutor(8) as pool:
        return _as_completed(pool, source, [question(number, f"q{each}") for each in range(12)])


async def pooled_equal(source: Source, number: int) -> Heard:
    """Ask the same twelve times from a pool of eight."""
    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(source.ask, ["the same"] * 8))
        return heard + _as_completed(pool, source, ["the same"] * 4)


def _as_completed(pool: ThreadPoolExecutor, source: Source, questions: list[str]) -> Heard:
    """Hear answers as they come; none is asked before somebody listens: of those the order is that of a set."""
    listening = threading.Event()

    def ask(asked: str) -> str:
        listening.wait()
        return source.ask(asked)

    heard = as_completed([pool.submit(ask, each) for each in questions])
    listening.set()
    return [future.result() for future in heard]


async def pools_in_tasks(source: Source, number: int) -> Heard:
    """Let three tasks ask from pools of their own and from the loop's."""

    async def ask_some(name: str) -> str:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(3) as pool:
            own = [loop.run_in_executor(pool, source.ask, question(number, f"{name}{each}")) for each in range(4)]
            others = [asyncio.to_thread(source.ask, question(number, f"{name} {each}")) for each in range(2)]
            return " ".join(await asyncio.gather(*own, *others))

    return list(await asyncio.gather(*[ask_some(name) for name in "abc"]))


async def mixed(source: Source, number: int) -> Heard:
    """Ask in threads and in the loop at once, a while apart."""
    asked = [asyncio.to_thread(source.ask, question(number, f"t{each}")) for each in range(3)]
    asked += [source.ask_later(question(number, f"q{each}")) for each in range(3)]
    return list(await asyncio.gather(*asked))


async def agents(source: Source, number: int) -> Heard:
    """Run two agents at once that ask a model and call tools until they have had enough."""

    @treadle.trace(kind="tool")
    async def look_up(word: str) -> str:
        latency_s, answer = drawn()
        await asyncio.sleep(latency_s)
        return f"{word} {answer}"

    @treadle.trace(kind="agent")
    async def agent(name: str) -> str:
        said = await source.ask_later(question(number, name))
        for turn in range(8):
            if int(said[-12:], 16) % 3 == 0:
                return f"{said} after {turn}"
            found = await asyncio.gather(look_up(said[-3:]), look_up(said[-6:-3]))
            said = await source.ask_later(" ".join(found)[-30:])
        return said

    return list(await asyncio.gather(agent("one"), agent("two")))


PATTERNS: dict[str, Callable[[Source, int], Awaitable[Heard]]] = {
    each.__name__: each
    for each in (
        sequential, broken_off, gathered_equal, gathered_chains, completed, first_completed, hedged, queued, timed_out,
        pooled, pooled_equal, pools_in_tasks, mixed, agents,
    )
}  # fmt: skip


@treadle.trace
async def chain(pattern: str, source: str, rounds: int) -> int:
    """Print what each round hears."""
    made: Source = Decorated() if source == "decorated" else Client()
    heard_in_all = 0
    for number in range(rounds):
        heard = await PATTERNS[pattern](made, number)
        print(number, *heard, sep=" | ", flush=True)
        heard_in_all += len(heard)
    return heard_in_all


if __name__ == "__main__":
    asyncio.run(chain(sys.argv[1], sys.argv[2], int(sys.argv[3])))
