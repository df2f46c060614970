"""A store with a chain that is worth looking at, recorded by hand: the refund desk of a small shop."""

from pathlib import Path
from typing import Any

import orjson

from storage.journals import START_NS, JournalWriter, span_id, trace_id

SOURCE = '''"""The refund desk of a small shop."""

import json

from openai import OpenAI

import treadle

client = OpenAI()


@treadle.trace
def answer(question: str) -> dict:
    """Answer a customer, with what is known of the order."""
    order = lookup_order(question)
    notes = retrieve(question, k=3)
    messages = ask_model(question, order, notes)
    return parse_answer(messages[-1]["content"])


@treadle.trace
def parse_answer(text: str) -> dict:
    """The model was told to answer in JSON."""
    found = json.loads(text)
    if "refund" not in found:
        raise ValueError("no refund in the answer")
    return found


@treadle.trace(kind="agent")
def converse(question: str, documents: list[str]) -> str:
    """Let the model look up what it needs, until it answers."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    while True:
        completion = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=TOOLS)
        said = completion.choices[0].message
        if not said.tool_calls:
            return said.content
        messages += [said, *map(tell, said.tool_calls)]
'''
SYSTEM = (
    'You are the refund desk of a small shop. Answer in JSON with the keys "refund" (a number, in euros) and '
    '"reason". Never promise more than was paid. If you do not know the order, look it up first.'
)
QUESTION = "I ordered a loom in March and the treadle came broken. Can I have my money back? Order 4711."
REPLY = (
    "I am sorry that the treadle arrived broken! Order 4711 was paid with €349.00 on 3 March, so you can have all of "
    "it back. I have told the warehouse.\n\nWould you rather have a new treadle? We could send one tomorrow."
)
DOCUMENTS = [
    {"id": "returns.md", "score": 0.83, "text": "Broken goods are refunded in full within 90 days."},
    {"id": "treadles.md", "score": 0.71, "text": "Treadles are shipped apart from the loom."},
    {"id": "contact.md", "score": 0.42, "text": "Write to the desk on weekdays."},
]
TOOL_CALL = {
    "id": "call_1", "type": "function",
    "function": {"name": "lookup_order", "arguments": '{"order": 4711, "with_payments": true}'},
}  # fmt: skip


class Desk:
    """Writes the chain, with times that look like real ones."""

    def __init__(self, writer: JournalWriter, trace: str, first_span: int, at_ns: int) -> None:
        self.writer, self.trace, self.first_span, self.at_ns = writer, trace, first_span, at_ns

    def at(self, seconds: float) -> int:
        """Return when that is."""
        return self.at_ns + int(seconds * 1e9)

    def start(self, number: int, name: str, kind: str, at: float, arguments: Any, **fields: Any) -> None:
        """Start a step."""
        parent = fields.pop("under", 0)
        self.writer.start(
            span_id(self.first_span + number), name, trace=self.trace, kind=kind, at_ns=self.at(at),
            arguments=arguments, parent=None if number == 0 else span_id(self.first_span + parent), **fields,
        )  # fmt: skip

    def end(self, number: int, at: float, result: Any = None, **fields: Any) -> None:
        """End a step."""
        self.writer.end(span_id(self.first_span + number), trace=self.trace, at_ns=self.at(at), result=result, **fields)

    def model_call(
        self, number: int, at: float, until: float, messages: list[Any], answer: dict[str, Any], tokens: tuple[int, int]
    ) -> None:
        """Record a call of the model."""
        attrs = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
        }
        request = {"model": "gpt-4o-mini", "messages": messages, "temperature": 0.2}
        self.start(number, "openai.chat", "llm", at, request, under=4, f=4, attrs=attrs)
        choice = {"index": 0, "finish_reason": "tool_calls" if "tool_calls" in answer else "stop", "message": answer}
        value = {"id": "c1", "model": "gpt-4o-mini-2024-07-18", "choices": [choice]}
        reasons = [choice["finish_reason"]]
        usage = {
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.response.finish_reasons": reasons,
            "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1],
        }  # fmt: skip
        tagged = orjson.dumps({"$": "pydantic", "type": "openai.types.chat:ChatCompletion", "v": value})
        self.end(number, until, tagged=tagged, attrs=usage)


def write_desk(store: Path, *, at_ns: int = START_NS, chains: int = 3) -> str:
    """Record some chains, the newest of them failed, and return that one's id."""
    home = store.parent
    (home / "desk.py").write_text(SOURCE, encoding="utf-8")
    with JournalWriter(store, start_ns=at_ns) as writer:
        library = home / ".venv" / "lib" / "python3.11" / "site-packages" / "openai" / "completions.py"
        for number, (file, qualname, line) in enumerate(
            (
                (home / "desk.py", "answer", 12),
                (home / "desk.py", "parse_answer", 21),
                (home / "desk.py", "converse", 30),
                (library, "Completions.create", 1562),
            ),
            1,
        ):
            writer.record(
                "function", f=number, module=file.stem, qualname=qualname, file=str(file), line=line, hash="0" * 16,
                flavour="sync", params=[["question", "pk"]],
            )  # fmt: skip
        for number in range(chains):
            write_chain(
                Desk(writer, trace_id(number), 100 * number, at_ns + number * 60_000_000_000),
                fails=number == chains - 1,
            )
    return trace_id(chains - 1)


def write_chain(desk: Desk, *, fails: bool) -> None:
    """Record one chain of ten steps."""
    desk.start(0, "answer", "chain", 0, {"question": QUESTION}, f=1, attrs={"session.id": "desk-7", "user.id": "ada"})
    desk.start(1, "detect_language", "tool", 0.004, {"text": QUESTION})
    desk.end(1, 0.011, {"language": "en", "score": 0.98})
    desk.start(2, "retrieve", "retriever", 0.015, {"question": QUESTION, "k": 3})
    desk.start(3, "embed", "embedding", 0.02, {"texts": [QUESTION], "model": "wordllama-256"}, under=2)
    desk.end(3, 0.140, [[0.12, -0.4, 0.33]])
    desk.end(2, 0.330, DOCUMENTS)
    documents = [each["id"] for each in DOCUMENTS]
    desk.start(4, "converse", "agent", 0.35, {"question": QUESTION, "documents": documents}, f=3)
    messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    asking = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
    desk.model_call(5, 0.36, 1.21, messages, asking, (412, 31))
    desk.start(6, "lookup_order", "tool", 1.22, {"order": 4711, "with_payments": True}, under=4)
    desk.start(7, "http.get", "span", 1.25, {"url": "http://orders.local/4711"}, under=6)
    desk.end(7, 1.36, {"status": 200})
    order = {"order": 4711, "paid": 349.0, "currency": "EUR", "on": "2026-03-03", "items": ["loom", "treadle"]}
    desk.end(6, 1.40, order)
    told = {"role": "tool", "tool_call_id": "call_1", "content": orjson.dumps(order).decode()}
    answer = REPLY if fails else '{"refund": 349.0, "reason": "it arrived broken"}'
    desk.model_call(8, 1.42, 3.9, [*messages, asking, told], {"role": "assistant", "content": answer}, (578, 64))
    desk.end(4, 3.92, answer)
    desk.start(9, "parse_answer", "chain", 3.93, {"text": answer}, f=2)
    if not fails:
        desk.end(9, 3.95, orjson.loads(answer))
        desk.end(0, 3.96, orjson.loads(answer))
        return
    message = "Expecting value: line 1 column 1 (char 0)"
    tagged = orjson.dumps({"$": "exception", "type": "json.decoder:JSONDecodeError", "message": message})
    frame = {
        "file": "desk.py",
        "line": 24,
        "function": "parse_answer",
        "source": "found = json.loads(text)",
        "locals": {},
    }
    error = {"type": "JSONDecodeError", "message": message, "stack": "Traceback ...", "frames": [frame]}
    desk.end(9, 3.95, status="error", tagged=tagged, error=error)
    caller = {**frame, "line": 18, "function": "answer", "source": 'return parse_answer(messages[-1]["content"])'}
    desk.end(0, 3.96, status="error", tagged=tagged, error={**error, "frames": [caller, frame]})
