"""What the server asks of a model, and how a reply is cut at its token limit and at its stop strings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol, TypeAlias

FinishReason: TypeAlias = Literal["stop", "length"]

DEFAULT_MAX_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How a reply is to be generated; temperature 0 takes the most likely token, no seed draws anew each time."""

    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says: the text that each further token adds ("" while a character is incomplete), to its own end."""

    prompt_tokens: int
    pieces: Iterator[str]


class PromptTooLongError(ValueError):
    """The prompt and the tokens asked for do not fit the model's context."""


class ChatModel(Protocol):
    """A model that can be served."""

    @property
    def model_id(self) -> str:
        """The name that clients ask for."""

    def reply(self, messages: Sequence[Message], settings: Settings, /) -> Reply:
        """Read the messages and begin a reply. Raises PromptTooLongError."""


class Generation:
    """Iterate over a reply's text once; what it cost and why it ended is known when the iteration is over."""

    def __init__(self, reply: Reply, settings: Settings) -> None:
        self.prompt_tokens = reply.prompt_tokens
        self.completion_tokens = 0
        self.finish_reason: FinishReason = "length"
        self._pieces = reply.pieces
        self._settings = settings

    def __iter__(self) -> Iterator[str]:
        held = ""
        for piece in self._counted_pieces():
            ready, held, stopped = _split_at_stop(held + piece, self._settings.stop)
            if ready:
                yield ready
            if stopped:
                self.finish_reason = "stop"
                return
        if held:
            yield held

    def _counted_pieces(self) -> Iterator[str]:
        for piece in islice(self._pieces, self._settings.max_tokens):
            self.completion_tokens += 1
            yield piece
        if self.completion_tokens < self._settings.max_tokens:
            self.finish_reason = "stop"


def _split_at_stop(text: str, stops: Sequence[str]) -> tuple[str, str, bool]:
    """Return what may be shown, what must wait because a stop string may begin in it, and whether one was met."""
    met = [position for stop in stops if (position := text.find(stop)) >= 0]
    if met:
        return text[: min(met)], "", True
    waiting = max((_overlap(text, stop) for stop in stops), default=0)
    return text[: len(text) - waiting], text[len(text) - waiting :], False


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of the text are the beginning of the stop string."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
