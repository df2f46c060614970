"""SmolLM2's tokenizer and chat template, built from the metadata in its GGUF file."""

from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, PreTokenizer
from tokenizers.pre_tokenizers import Sequence as InSequence

from smollm.chat import Message
from smollm.gguf_file import GgufFile

CONTROL_TOKEN_TYPE = 3
DEFAULT_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
UNFINISHED_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def load_tokenizer(file: GgufFile) -> Tokenizer:
    """Build the byte-level BPE tokenizer that splits digits one by one, as SmolLM2's own does."""
    tokens = _strings(file, "tokenizer.ggml.tokens")
    merges = [(left, right) for left, right in map(str.split, _strings(file, "tokenizer.ggml.merges"))]
    tokenizer = Tokenizer(BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    steps: list[PreTokenizer] = [Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]
    tokenizer.pre_tokenizer = InSequence(steps)
    tokenizer.decoder = ByteLevelDecoder()
    types = file.metadata["tokenizer.ggml.token_type"]
    assert isinstance(types, list)
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == CONTROL_TOKEN_TYPE]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return tokenizer


def chat_prompt(messages: Sequence[Message]) -> str:
    """Return the messages in SmolLM2's chat template, up to where the assistant begins to speak."""
    if not messages or messages[0].role != "system":
        messages = [Message("system", DEFAULT_SYSTEM), *messages]
    turns = "".join(f"<|im_start|>{message.role}\n{message.content}<|im_end|>\n" for message in messages)
    return f"{turns}<|im_start|>assistant\n"


class TextStream:
    """Turn token after token into text, holding back a character until all of its bytes are there."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._emitted_characters = 0

    def push(self, token: int) -> str:
        """Return the text that this token completes, possibly none."""
        self._tokens.append(token)
        text = self._tokenizer.decode(self._tokens)
        if text.endswith(UNFINISHED_CHARACTER):
            return ""
        piece = text[self._emitted_characters :]
        self._emitted_characters = len(text)
        return piece


def _strings(file: GgufFile, key: str) -> list[str]:
    values = file.metadata[key]
    assert isinstance(values, list)
    return [str(value) for value in values]
