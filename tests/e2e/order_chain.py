"""A chain of every kind of call about an order, and what its replays came to."""

from e2e.conftest import Project
from treadle_debugger.replaying import Result

CHAIN = """
import dataclasses, treadle

@dataclasses.dataclass
class Order:
    number: int
    lines: tuple

def asked(text):
    with open("asked.txt", "a") as log:
        log.write(text + "\\n")

@treadle.trace(kind="tool", idempotent=False)
def refund(number):
    asked(f"refund {number}")
    return number

@treadle.trace(kind="retriever")
def retrieve(order):
    asked(f"retrieve {order.number} {order.lines!r}")
    return [f"about {line}" for line in order.lines]

@treadle.trace(kind="llm")
def generate(messages, model="small"):
    asked(f"{model}: {messages[-1]['content']}")
    return f"{model} says {messages[-1]['content']}"

@treadle.trace(kind="llm")
def stream(prompt):
    asked(f"stream {prompt}")
    for word in prompt.split():
        yield word + " "

@treadle.trace
def shout(text):
    return text.upper()

@treadle.trace
def chain(order):
    found = retrieve(order)
    said = generate([{"role": "system", "content": "Be kind."}, {"role": "user", "content": found[0]}])
    told = "".join(stream(shout(said)))
    refund(order.number)
    return told

if __name__ == "__main__":
    chain(Order(7, ("tea", "milk")))
"""


def asked(project: Project) -> list[str]:
    """Return what was asked for real."""
    log = project.folder / "asked.txt"
    return log.read_text().splitlines() if log.exists() else []


def decisions(result: Result) -> dict[str, str]:
    """Return what became of each call."""
    return {call.name: call.decision for call in result.calls}


def step(project: Project, trace_id: str, name: str) -> str:
    """Return the id of the step of this name."""
    rows = project.store.sql(f"select span_id from spans where trace_id = '{trace_id}' and name = '{name}'")
    return str(next(iter(rows))[0])


def output(project: Project, result: Result) -> str:
    """Return what the root of a replay returned."""
    assert result.after.output is not None, result.sentence
    return result.after.output.decode()
