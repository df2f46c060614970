"""What to do about a step that cannot be called again: by what was said of it when it was recorded."""

from treadle.model import RecordedCall

_ADVICE = (
    ("a secret", "put the secret into an environment variable, and record it anew"),
    ("are hidden", "record it anew without hide_inputs for it"),
    ("cut:", "give it less, or what finds it again (a path, an id), and record it anew"),
    ("made inside a function", "move the class or function to the top of its module, and record it anew"),
    ("neither the project's nor trusted", "teach the type with treadle.codec, and record it anew"),
    ("has no encoder", "teach the type with treadle.codec, or leave the argument out with ignore, and record it anew"),
    ("is not given from a recording", "import the module in the function instead, and record it anew"),
)
"""By a part of the reason in a start record."""


def what_to_do(call: RecordedCall) -> str:
    """Return what can be done where a call's arguments were not recorded whole."""
    why = call.not_replayable_why or ""
    mending = next((advice for part, advice in _ADVICE if part in why), "record it anew")
    return mending if call.parent_span_id is None else f"replay a step above it, or {mending}"
