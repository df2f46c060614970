"""A program with a model's span in it, recorded and asked again."""

import json
from typing import TYPE_CHECKING

from treadle_debugger.edits import of_step
from treadle_debugger.replaying import Result

if TYPE_CHECKING:
    from e2e.conftest import Project

KEY = "sk-proj-0123456789abcdefghijABCDEFGHIJ"
PROGRAM = """
import json, pathlib, treadle

@treadle.trace
def chain():
    with treadle.span(held["name"], kind=held["kind"], **held["given"]) as span:
        for name, value in held["attributes"].items():
            span.set_attribute(name, value)
        span.set_output(held["output"])

held = json.loads(pathlib.Path("held.json").read_text())
chain()
"""
SAID = [{"role": "user", "parts": [{"type": "text", "content": "Wie spät?"}]}]
GPT = {
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.input.messages": json.dumps(SAID),
    "gen_ai.usage.input_tokens": 1_000_000,
    "gen_ai.usage.output_tokens": 0,
    "server.address": "elsewhere.example.com",
}
CLAUDE = {
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-x",
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
    "gen_ai.input.messages": json.dumps(SAID),
}


def record(
    project: "Project",
    attributes: dict[str, object],
    *,
    name: str = "chat gpt-4o",
    kind: str = "llm",
    output: object = "Spät.",
    **given: object,
) -> tuple[str, str]:
    """Record a chain with a model's span in it; return its trace and the span."""
    held = {"name": name, "kind": kind, "attributes": attributes, "output": output, "given": given}
    (project.folder / "held.json").write_text(json.dumps(held))
    trace_id = project.record(PROGRAM)
    (call,) = [call for call in project.store.recording(trace_id).calls if call.name == name]
    return trace_id, call.span_id


def asked(project: "Project", trace_id: str, span_id: str, **options: object) -> Result:
    """Ask again, as the debugger does once the user has agreed."""
    return project.replay(trace_id, step_id=span_id, live=(of_step(span_id),), **options)
