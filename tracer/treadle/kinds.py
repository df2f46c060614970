"""The kinds of steps: apart from the other nouns, because a program that is traced loads nothing else of them."""

KINDS: tuple[str, ...] = (
    "chain", "agent", "llm", "tool", "retriever", "embedding", "reranker", "guardrail", "evaluator", "prompt", "span",
)  # fmt: skip
EFFECT_KINDS = frozenset({"llm", "tool", "retriever", "embedding", "reranker"})
"""Kinds that replay answers from the recording; the others are glue and run."""
ASKED_KINDS = ("llm", "embedding")
"""Kinds of steps that are asked again by what their span holds, where no function is behind them."""
