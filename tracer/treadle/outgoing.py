"""What leaves over OTLP beside a step's own attributes: the names that collectors of this field show.

Forwarding and export write the same.
"""

from treadle import semconv

CLIENT_KINDS = frozenset({"llm"})
"""Kinds of steps that ask another machine, as OpenTelemetry sees it."""
OPERATIONS = {
    "llm": "chat", "embedding": "embeddings", "tool": "execute_tool", "retriever": "retrieval", "agent": "invoke_agent",
}  # fmt: skip
"""`gen_ai.operation.name` by kind."""


def told_attributes(*, kind: str, given: str | None, answer: str | None, error_type: str | None) -> dict[str, str]:
    """Return the attributes that tell of a step what its record does: its kind, its payloads as JSON, its failure."""
    told = {semconv.SPAN_KIND: kind.upper()}
    if given is not None:
        told |= {semconv.INPUT: given, semconv.INPUT_TYPE: semconv.JSON_TYPE}
    if answer is not None:
        told |= {semconv.OUTPUT: answer, semconv.OUTPUT_TYPE: semconv.JSON_TYPE}
    if error_type:
        told[semconv.ERROR_TYPE] = error_type
    return told
