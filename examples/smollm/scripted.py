"""The stand-in for when SmolLM2's weights cannot be had: no model at all, but rules that answer the same requests.

It knows the two prompts of `support_desk.py`, and it breaks where SmolLM2 breaks: asked to explain something, it goes
on talking after its JSON.
"""

import json
import re
from collections.abc import Sequence

from smollm.chat import Message, Reply, Settings

TOPICS = ("return", "shipping", "password", "repair", "warranty", "invoice", "gift card", "course")
GUIDE = "\n\nHere's a step-by-step guide:\n\n1. Open a web browser."
NO_ANSWER = "I am a scripted stand-in for a language model, and I have no answer to that."


class Scripted:
    """Answers by rule, the same every time; a token is a word."""

    model_id = "scripted"

    def reply(self, messages: Sequence[Message], _settings: Settings, /) -> Reply:
        """Answer the last message, whatever the settings; their limits are kept by who reads the reply."""
        text = _answer(messages[-1].content if messages else "")
        prompt_tokens = sum(len(_words(message.content)) for message in messages)
        return Reply(prompt_tokens, iter(_words(text)))


def _answer(request: str) -> str:
    if request.startswith("Sort this request:"):
        return _sorted_request(request.removeprefix("Sort this request:"))
    passage = re.search(r"^Handbook: (.*)$", request, re.MULTILINE)
    question = re.search(r"^Question: (.*)$", request, re.MULTILINE)
    if passage is None or question is None:
        return NO_ANSWER
    return _closest_sentence(passage[1], question[1])


def _sorted_request(question: str) -> str:
    topic = next((topic for topic in TOPICS if topic in question.lower()), "other")
    ticket = json.dumps({"topic": topic, "urgent": "!" in question})
    return ticket + GUIDE if "explain" in question.lower() else ticket


def _closest_sentence(passage: str, question: str) -> str:
    """Return the first sentence of those that share most words with the question."""
    asked = set(re.findall(r"\w+", question.lower()))
    sentences = re.split(r"(?<=[.!?]) ", passage)
    return max(sentences, key=lambda sentence: len(asked & set(re.findall(r"\w+", sentence.lower()))))


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)
