"""What is served in a replay: streams, exceptions, what was cut short, objects that remember."""

from e2e.conftest import Project

STREAMS = """
import asyncio, treadle

class Overloaded(RuntimeError):
    def __init__(self, seconds):
        super().__init__(f"come back in {seconds} s")
        self.seconds = seconds
        self.add_note("as the server said")

@treadle.trace(kind="llm")
def words(text):
    for word in text.split():
        yield word + " "
    return len(text)

@treadle.trace(kind="llm")
async def words_later(text):
    for word in text.split():
        await asyncio.sleep(0)
        yield word + " "

@treadle.trace(kind="tool")
def busy():
    raise Overloaded(7)

@treadle.trace(kind="tool")
def facts():
    return {"pair": (1, 2), "kinds": {1, 2}, 3: "three"}

def counted(text):
    count = yield from words(text)
    yield str(count)

@treadle.trace
async def chain():
    said = "".join(counted("one two three"))
    for word in words("stop after the second"):
        said += word
        if word == "after ":
            break
    said += "".join([word async for word in words_later("an async stream")])
    async for word in words_later("broken off"):
        said += word
        break
    try:
        busy()
    except Overloaded as error:
        said += f" {error} ({error.seconds}) {error.__notes__}"
    return said, facts()

if __name__ == "__main__":
    asyncio.run(chain())
"""


def test_streams_exceptions_and_types_are_served_as_they_were(project: Project) -> None:
    """Chunks, a return value, an early break, the real exception class and Python's own types come back."""
    recorded = project.record(STREAMS)
    result = project.replay(recorded)
    assert (result.verdict, result.sentence) == ("same", "it returned what was recorded")
    assert result.counts == {"ran": 1, "served": 6}


def test_more_of_a_stream_than_was_recorded_diverges(project: Project) -> None:
    """A consumer that wants more than the recording has gets a divergence, not a hang."""
    recorded = project.record(STREAMS)
    project.write(STREAMS.replace('if word == "after ":', 'if word == "second ":'))
    result = project.replay(recorded)
    assert result.verdict == "diverged"
    assert "more of the stream was asked for than the 2 recorded chunks" in result.sentence


def test_one_generator_is_replayed_alone(project: Project) -> None:
    """A stream's step compares by the sum of its chunks, with its return value and its early end."""
    recorded = project.record(STREAMS.replace('kind="llm"', 'kind="chain"'))
    steps = [call for call in project.store.recording(recorded).calls if call.name in ("words", "words_later")]
    assert len(steps) == 4
    results = [project.replay(recorded, step_id=step.span_id) for step in steps]
    assert [result.sentence for result in results if result.verdict != "same"] == []


AGENT = """
import treadle

class Bot:
    def __init__(self):
        self.history = []

    @treadle.trace(kind="llm")
    def say(self, question, *, loud=False):
        self.history.append(question)
        return f"{len(self.history)}: {question}"

@treadle.trace
def chat():
    bot = Bot()
    return [bot.say("a"), bot.say("b"), bot.say("c")]

if __name__ == "__main__":
    chat()
"""


def test_an_object_that_remembers_is_still_answered(project: Project) -> None:
    """What a served method would have done to its object does not count against the next one, and is said."""
    recorded = project.record(AGENT)
    result = project.replay(recorded)
    assert (result.verdict, result.counts) == ("same", {"ran": 1, "served": 3})
    assert [call.is_assumed for call in result.calls] == [False, False, True, True]
    project.write(AGENT.replace("self.history = []", 'self.history = []; self.mood = "angry"'))
    assert project.replay(recorded).verdict == "diverged"


CUT_SHORT = """
import asyncio, treadle

@treadle.trace(kind="llm")
async def slow(question):
    await asyncio.sleep(30)

@treadle.trace
async def chain():
    try:
        return await asyncio.wait_for(slow("why?"), 0.05)
    except TimeoutError:
        return "too slow"

if __name__ == "__main__":
    asyncio.run(chain())
"""


def test_a_call_that_was_cancelled_is_interrupted_and_cancelled_again(project: Project) -> None:
    """A time-out shows as interrupted with its cause, and the replay sees it again."""
    recorded = project.record(CUT_SHORT)
    asked = f"select status, error_type from spans where trace_id = '{recorded}' and name = 'slow'"
    assert list(project.store.sql(asked)) == [("interrupted", "asyncio.exceptions.CancelledError")]
    result = project.replay(recorded)
    assert (result.verdict, result.counts) == ("same", {"ran": 1, "served": 1})


MADE_OF_TEXT = """
import treadle

@treadle.trace
def chain():
    made = {"treadle": treadle}
    exec("@treadle.trace(kind='tool')\\ndef double(number): return number * 2", made)
    return made["double"](4)

if __name__ == "__main__":
    chain()
"""


def test_a_function_of_no_module_is_answered(project: Project) -> None:
    """One that `exec` made of a text: it has a name, and an answer."""
    result = project.replay(project.record(MADE_OF_TEXT))
    assert (result.verdict, result.counts) == ("same", {"ran": 1, "served": 1}), result.sentence
