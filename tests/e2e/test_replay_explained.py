"""Why a replay came to another end than its recording, in the verdict's sentence: edits, or what is not traced."""

import pytest

from e2e.conftest import Project

CHAIN = """
import json, treadle

@treadle.trace(kind="llm")
def generate(prompt):
    return "Sure! " + json.dumps({"advice": prompt})

@treadle.trace
def parse(text):
    return json.loads(text)

@treadle.trace
def chain(city):
    return parse(generate("It is wet in " + city))["advice"]

if __name__ == "__main__":
    try:
        chain("Oslo")
    except ValueError:
        pass
"""
MENDED = CHAIN.replace("json.loads(text)", "json.loads(text[text.index('{'):])")


def test_the_functions_that_were_edited_are_named(project: Project) -> None:
    """Each once, with the verdict that came of it; where nothing was edited, nothing is said of it."""
    failed = project.record(CHAIN)
    assert "edited" not in project.replay(failed).sentence
    project.write(MENDED)
    assert project.replay(failed).sentence.endswith("(char 0); edited since: parse")
    recorded = project.record(MENDED)
    assert project.replay(recorded).sentence == "it returned what was recorded"
    project.write(MENDED.replace('["advice"]', '["advice"].upper()').replace("['{']", "'{'"))
    assert project.replay(recorded).sentence.endswith("'IT IS WET IN OSLO'; edited since: chain")
    project.write(MENDED.replace("It is wet", "It is dry"))
    diverged = project.replay(recorded)
    assert diverged.verdict == "diverged"
    assert diverged.sentence.endswith(
        "allow it with --live 'generate', or all with --live-changed; edited since: chain"
    )


def test_of_many_edited_functions_a_few_are_named(project: Project) -> None:
    """The sentence stays one."""
    steps = "\n".join(f"@treadle.trace\ndef step{number}(): return {number}\n" for number in range(8))
    calls = ", ".join(f"step{number}()" for number in range(8))
    source = f"import treadle\n{steps}\n@treadle.trace\ndef chain(): return [{calls}]\n"
    recorded = project.record(f"{source}if __name__ == '__main__': chain()\n")
    project.write(f"{source.replace('return ', 'return 1 + ').replace('1 + [', '[')}")
    sentence = project.replay(recorded).sentence
    assert sentence.endswith("edited since: step0, step1, step2, step3, step4 and 3 more")


UNTRACED = """
import os, treadle

def read():
    with open("state") as state:
        return state.read()

@treadle.trace(kind="tool")
def look_up(city):
    return city.upper()

@treadle.trace
def steady(city):
    return look_up(city)

@treadle.trace
def pick(names):
    if read() == "broken":
        raise ValueError("broken")
    return names[0] + read()

@treadle.trace
def middle(names):
    return [pick([steady(name) for name in names])]

@treadle.trace
def chain():
    return {"picked": middle(["oslo", "bergen"]), "last": steady("rome"), "again": pick(["paris"])}

if __name__ == "__main__":
    chain()
"""


def test_untraced_nondeterminism_is_said_with_its_place(project: Project) -> None:
    """The innermost step with the same inputs and another result, though every effect was answered as recorded."""
    (project.folder / "state").write_text("1")
    recorded = project.record(UNTRACED)
    assert project.replay(recorded).sentence == "it returned what was recorded"
    (project.folder / "state").write_text("2")
    changed = project.replay(recorded)
    assert (changed.verdict, changed.counts) == ("changed", {"ran": 7, "served": 3})
    assert changed.sentence == (
        "it returned something else: picked[0]: 'OSLO1' -> 'OSLO2'; untraced nondeterminism in "
        "chain#0/middle#0/pick#0, whose inputs are the same and whose result is not ('OSLO1' -> 'OSLO2'), "
        "and in chain#0/pick#0; "
        'trace what it reads as a tool, or record it with treadle.configure(record=("clock", "random", "uuid"))'
    )
    (project.folder / "state").write_text("broken")
    regressed = project.replay(recorded)
    assert regressed.verdict == "regressed"
    assert "untraced nondeterminism in chain#0/middle#0/pick#0, whose inputs are the same and whose status is not" in (
        regressed.sentence
    )


HANDED_DOWN = """
import treadle

@treadle.trace
def shout(text):
    return text.upper()

@treadle.trace
def chain():
    with open("state") as state:
        return shout(state.read())

if __name__ == "__main__":
    chain()
"""


def test_a_step_that_was_given_something_else_is_not_blamed(project: Project) -> None:
    """What the caller read went into it: the caller is named."""
    (project.folder / "state").write_text("a")
    recorded = project.record(HANDED_DOWN)
    (project.folder / "state").write_text("b")
    assert "untraced nondeterminism in chain#0, whose" in project.replay(recorded).sentence


@pytest.mark.parametrize("how", ["edited", "live", "given"])
def test_what_has_a_reason_is_no_nondeterminism(project: Project, how: str) -> None:
    """After an edit, a real call or a change by the user, another result is what was to be expected."""
    (project.folder / "state").write_text("1")
    recorded = project.record(UNTRACED)
    (project.folder / "state").write_text("2")
    if how == "edited":
        project.write(UNTRACED.replace('["oslo", "bergen"]', '[*["oslo", "bergen"]]'))
    options = {"edited": {}, "live": {"live": ("look_up",)}, "given": {"root_input": b"{}"}}[how]
    result = project.replay(recorded, **options)
    assert result.verdict == "changed"
    assert "nondeterminism" not in result.sentence
