"""The text of an exported test: short, as a person would write it, and theirs to change."""

import keyword
from typing import Literal, TypeAlias

from treadle.replay.strays import error_text

Claim: TypeAlias = Literal["returns", "differs", "same"]
"""What a test asks for: that nothing is raised any more, that another result comes, or that the recorded one does."""

LONGEST_LINE = 72
_TEMPLATE = '''"""A recorded run of {name}, replayed: its models and tools answer as they did."""

from pathlib import Path

from treadle.testing import replay

FIXTURE = Path(__file__).with_suffix(".json")


def {function}() -> None:
    """{claim}"""
    replayed = replay(FIXTURE)
    assert replayed.status == "returned", replayed.sentence
{more}'''
_MORE: dict[Claim, str] = {
    "returns": "",
    "differs": (
        "    # Write here what it should be, such as: assert replayed.output == ...\n"
        "    assert replayed.output != replayed.recorded\n"
    ),
    "same": "    assert replayed.output == replayed.recorded\n",
}


def text_of_test(stem: str, name: str, claim: Claim, output: bytes) -> str:
    """Return the source of a test module.

    - `stem`: of its file's name.
    - `name`: of what it calls.
    - `output`: tagged, what that returned or raised.
    """
    function = stem if not keyword.iskeyword(stem) else f"{stem}_"
    return _TEMPLATE.format(
        name=_in_a_docstring(name, most=20), function=function, claim=_claimed(claim, output), more=_MORE[claim]
    )


def _claimed(claim: Claim, output: bytes) -> str:
    if claim == "same":
        return "It returns what it returned when it was recorded."
    if claim == "differs":
        return "What it returned was scored false: it must be something else."
    raised = error_text(output) if output != b"null" else ""
    return _in_a_docstring(f"It raised {raised}" if raised else "It did not end", most=LONGEST_LINE) + "."


def _in_a_docstring(text: str, *, most: int) -> str:
    """Return a text on one line, with nothing in it that would end or escape."""
    line = " ".join(text.replace("\\", "/").replace('"', "'").split())
    told = "".join(character for character in line if character.isprintable())
    return told if len(told) <= most else f"{told[: most - 1]}…"
