"""The nouns that the store, the debugger and the screens share: plain immutable data, no behaviour.

Times are nanoseconds since the Unix epoch in UTC unless a name says otherwise; ids are lower-case hex, 32 digits
for a trace and 16 for a span, as in W3C Trace Context.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from treadle.kinds import EFFECT_KINDS as EFFECT_KINDS  # noqa: PLC0414 - everyone but the decorators has them from here
from treadle.kinds import KINDS as KINDS  # noqa: PLC0414 - as above

Kind: TypeAlias = Literal[
    "chain",
    "agent",
    "llm",
    "tool",
    "retriever",
    "embedding",
    "reranker",
    "guardrail",
    "evaluator",
    "prompt",
    "span",
]
Status: TypeAlias = Literal["running", "ok", "error", "interrupted"]
Flavour: TypeAlias = Literal["sync", "async", "gen", "agen"]
Source: TypeAlias = Literal["live", "served", "overridden"]
Scalar: TypeAlias = str | int | float | bool | None
Json: TypeAlias = "Scalar | list[Json] | dict[str, Json]"

STATUSES: tuple[str, ...] = ("running", "ok", "error", "interrupted")


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One row of the view `traces`."""

    trace_id: str
    name: str
    status: str
    failed: bool
    started_at_ns: int
    duration_ms: float | None
    span_count: int
    error_count: int
    llm_calls: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    session_id: str | None
    user_id: str | None
    service: str | None
    input: str | None
    """The root's input as plain JSON text, at most 200 characters of it."""
    output: str | None
    """The root's output, likewise."""
    replay_of: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """The code behind a step, as it was when it ran."""

    module: str
    qualname: str
    file: str | None
    line: int | None
    code_hash: str | None
    flavour: Flavour


@dataclass(frozen=True, slots=True)
class RecordedSource:
    """The code of a step that stood in no file, as it ran."""

    file: str
    """What stands for the file's name in `Function.file` and in the frames of errors."""
    number: int | None
    """Of a notebook's cell, its execution count; None where it is none."""
    text: str
    is_certain: bool = True
    """Whether the step ran this text; False where several stood under the name and none is known to be the step's."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, as a person reads it."""

    direction: Literal["input", "output"]
    position: int
    role: str
    content: str | None
    parts: Json
    """What is not plain text: a list of parts in OpenTelemetry's GenAI schema, tool calls among them, or None."""
    tool_name: str | None
    tool_call_id: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened inside a step: a stream's chunk, an exception, a log line."""

    at_ns: int
    name: str
    attributes: Json


@dataclass(frozen=True, slots=True)
class Score:
    """A named value that someone or something gave a step or a trace."""

    trace_id: str
    span_id: str | None
    name: str
    value: float | None
    label: str | None
    comment: str | None
    source: str
    author: str | None
    created_at_ns: int


@dataclass(frozen=True, slots=True)
class Step:
    """One span with everything that was recorded of it."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    process_id: str
    seq: int
    name: str
    kind: str
    status: str
    error_type: str | None
    error_message: str | None
    error: Json
    """The whole error: `{type, message, stack, frames: [{file, line, function, source, locals}]}`, or None."""
    started_at_ns: int
    ended_at_ns: int | None
    duration_ms: float | None
    ttft_ms: float | None
    thread_id: int | None
    task_id: str | None
    model: str | None
    provider: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    input_tagged: bytes | None
    """Tagged JSON of the bound arguments, by parameter name: as recorded, long texts in their places."""
    output_tagged: bytes | None
    """Tagged JSON of the result; of the exception where the status is `error`."""
    function: Function | None
    args_hash: str | None
    attributes: Json
    source: Source
    served_from: str | None
    replayable: bool
    not_replayable_why: str | None
    cwd: str | None
    """Where the program ran: what relative paths in `function.file` are relative to."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a stream: when it came, and its tagged JSON."""

    at_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a recording, with all that is needed to answer it again."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    process_id: str
    seq: int
    name: str
    kind: str
    status: str
    function: Function | None
    input_tagged: bytes
    output_tagged: bytes | None
    chunks: tuple[Chunk, ...]
    closed_early: bool
    ordinal: str
    """Where the call was submitted under its parent: dotted numbers, `2.0` is the first call in the third task."""
    turn: int | None
    """Calls that ended in the same turn of the event loop carry the same number."""
    started_at_ns: int
    ended_at_ns: int | None
    attributes: Json
    source: Source
    replayable: bool
    not_replayable_why: str | None
    start_signature: str | None
    end_signature: str | None
    cells: bytes | None = None
    """Tagged JSON of what the function was made over, by variable; None where a name finds it again."""


@dataclass(frozen=True, slots=True)
class KeptSource:
    """Code that stood in no file, as a replay needs it: a notebook's cell, in the order of running."""

    process_id: str
    seq: int
    file: str
    number: int | None
    """A cell's execution count; None where it is none."""
    text: str
    redacted: bool
    """A secret was taken out: it is not the very text that ran."""
    signature: str | None


@dataclass(frozen=True, slots=True)
class Process:
    """The program that recorded: what a replay needs to run it again."""

    process_id: str
    pid: int
    argv: tuple[str, ...]
    cwd: str
    python: str
    executable: str
    main_file: str | None
    main_module: str | None
    main_notebook: str | None
    """Its name or path, where the program is a notebook's kernel and that is known."""
    path: tuple[str, ...]
    host: str
    git_commit: str | None
    git_dirty: bool | None
    started_at_ns: int
    signature: str | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A trace loaded to be replayed: its calls in the order of starting, and the program they ran in."""

    trace_id: str
    process: Process
    calls: tuple[RecordedCall, ...]
    sources: tuple[KeptSource, ...] = ()
    """What the process ran that stands in no file."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person left in the debugger, as its newest record says; deleted ones are not shown."""

    mark_id: str
    mark: Literal["breakpoint", "watch", "bookmark"]
    trace_id: str | None
    """None: it holds for every trace."""
    value: Json
    created_at_ns: int
