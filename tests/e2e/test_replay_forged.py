"""A store that somebody changed: nothing of it is served or started, and the refusal says what was changed."""

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from e2e.alone import said
from e2e.conftest import Project
from treadle.errors import RefusedError
from treadle.model import RecordedCall
from treadle_debugger.request import Instead

CHAIN = """
import treadle

@treadle.trace(kind="llm")
def generate(question):
    yield question.upper()
    yield "!"

@treadle.trace(kind="tool")
def look_up(text):
    return len(text)

def made(sign):
    @treadle.trace
    def closure(text): return text + sign
    return closure

@treadle.trace
def chain(question):
    return made("?")("".join(generate(question))) + str(look_up("weft " * 40_000))

if __name__ == "__main__":
    chain("why")
    chain("when")
"""
NEWEST = "select trace_id from finished where name = 'chain' order by started_ns desc limit 1"
OF_NEWEST = "select span_id from finished where name = '{}' order by started_ns desc limit 1"
FORGERIES = {
    "an answer": "update finished set output = '7' where name = 'look_up'",
    "an answer of another kind": "update finished set kind = 'chain', output = '7' where name = 'look_up'",
    "an answer that is none": "update finished set status = 'error' where name = 'look_up'",
    "a stream that was ended early": "update finished set status = 'interrupted', closed = 1 where name = 'generate'",
    "a stream that is cut": "delete from event_rows where seq = (select max(seq) from event_rows where name = 'chunk')",
    "a chunk": "update event_rows set attributes = '\"x\"' where name = 'chunk'",
    "chunks in another order": (
        f"update event_rows set seq = 9999 where seq = (select min(seq) from event_rows where trace_id = ({NEWEST}))"
    ),
    "the result that a replay is judged by": "update finished set output = '\"forged\"' where name = 'chain'",
    "arguments": """update finished set input = '{"question":"what"}', input_tagged = null where name = 'chain'""",
    "a function": "update finished set code_function = '__main__:made' where name = 'chain'",
    "a function of Python's": "update finished set code_function = 'os:system' where name = 'chain'",
    "a span under another parent": (
        f"update finished set parent_span_id = ({OF_NEWEST.format('closure')}) where name = 'look_up'"
    ),
    "a span in another place": "update finished set ordinal = '7' where name = 'look_up'",
    "a record of another process": "update finished set process_id = 7 where name = 'look_up'",
    "a record without its signature": "update finished set start_signature = null, end_signature = null",
    "what a closure was made over": """update closure_rows set cells = '{"sign":"forged"}'""",
    "a closure without it": "delete from closure_rows",
    "a signature of another record": (
        "update finished set end_signature = (select min(end_signature) from finished where name = 'chain') "
        "where name = 'look_up'"
    ),
    "the program's folder": "update process_rows set cwd = '/tmp'",
    "where modules come from": "update process_rows set path = ['/tmp']",
    "the program": "update process_rows set main_file = '/tmp/other.py'",
}


def forge(project: Project, statement: str) -> None:
    """Change the store as somebody could who can write to it."""
    project.forget_store()
    with duckdb.connect(str(project.store_path / "treadle.duckdb")) as database:
        assert database.execute(statement).fetchall() != [(0,)], "nothing was forged"


def call_of(project: Project, trace_id: str, name: str) -> RecordedCall:
    """Return the one call of a name."""
    (call,) = [call for call in project.store.recording(trace_id).calls if call.name == name]
    return call


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=FORGERIES.keys())
def test_what_was_changed_in_the_store_is_refused(project: Project, statement: str) -> None:
    """What could be served or started by today's code, and what a verdict compares with, must be what was recorded."""
    recorded = project.record(CHAIN)
    forge(project, statement)
    with pytest.raises(RefusedError, match=r"(was changed after it was recorded|carries no signature).*look at it"):
        project.replay(recorded)


def test_a_record_that_was_moved_from_another_trace_is_refused(project: Project) -> None:
    """Its signature is good, and says which trace it is of."""
    newer = project.record(CHAIN)
    forge(
        project,
        f"update finished set trace_id = ({NEWEST}), parent_span_id = ({OF_NEWEST.format('chain')}) "
        "where name = 'look_up' and started_ns = (select min(started_ns) from finished where name = 'look_up')",
    )
    with pytest.raises(RefusedError, match=r"what went into look_up .* was changed after it was recorded"):
        project.replay(newer)


def test_a_function_record_that_was_renumbered_is_refused(project: Project) -> None:
    """A start record names its function by a number; the signature names it itself."""
    project.record(CHAIN)
    project.forget_store()
    (project.store_path / "treadle.duckdb").unlink()
    (journal,) = (project.store_path / "journal").glob("*.ndjson")
    lines = journal.read_bytes().splitlines(keepends=True)
    names = {b'"qualname":"chain"': b'"qualname":"look_up"', b'"qualname":"look_up"': b'"qualname":"chain"'}
    for index, line in enumerate(lines):
        swapped = next((name for name in names if name in line), None)
        if swapped is not None:
            lines[index] = line.replace(swapped, names[swapped])
    journal.write_bytes(b"".join(lines))
    with pytest.raises(RefusedError, match=r"what went into chain .* was changed after it was recorded"):
        project.replay(project.newest())


KEYS = {"another user's key": (os.urandom(32), 0o600), "a key that others may read": (None, 0o644)}


@pytest.mark.parametrize(("key", "mode"), KEYS.values(), ids=KEYS.keys())
def test_a_key_that_is_not_the_users_alone_signs_nothing(project: Project, key: bytes | None, mode: int) -> None:
    """What another key signed was recorded by somebody else; one that others may read could be anybody's."""
    recorded = project.record(CHAIN)
    key_file = Path(os.environ["TREADLE_KEY_FILE"])
    key_file.write_bytes(key or key_file.read_bytes())
    key_file.chmod(mode)
    expected = "or another user recorded it" if key else r"there is no key .* \(mode 0600, your own\)"
    with pytest.raises(RefusedError, match=expected):
        project.replay(recorded)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_key_of_another_user_signs_nothing(project: Project) -> None:
    """Whoever owns it could have signed anything."""
    recorded = project.record(CHAIN)
    os.chown(os.environ["TREADLE_KEY_FILE"], 12345, 12345)
    with pytest.raises(RefusedError, match="there is no key"):
        project.replay(recorded)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_store_of_another_user_is_named_as_such(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """They signed it with a key of their own."""
    recorded = project.record(CHAIN)
    for path in (project.store_path, *project.store_path.rglob("*")):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("TREADLE_KEY_FILE", str(project.folder / "own-key"))
    (project.folder / "own-key").write_bytes(os.urandom(32))
    (project.folder / "own-key").chmod(0o600)
    with pytest.raises(RefusedError, match=r"another user recorded it \(the store belongs to uid 12345\)"):
        project.replay(recorded)


@pytest.mark.parametrize("how", ["other bytes", "a link", "gone"])
def test_a_blob_that_is_not_what_was_recorded_is_not_read(project: Project, how: str) -> None:
    """By its name, which is its digest; a link is not followed."""
    recorded = project.record(CHAIN)
    (blob,) = [path for path in (project.store_path / "blobs").rglob("*") if path.is_file()]
    kept = project.folder / "kept"
    if how == "other bytes":
        blob.write_bytes(b"x" * blob.stat().st_size)
    else:
        blob.rename(kept)
        if how == "a link":
            blob.symlink_to(kept)
    look_up = call_of(project, recorded, "look_up")
    told = said(project, look_up)
    assert told.startswith("not replayable: the blob "), told
    assert ("was changed since it was recorded" if how == "other bytes" else "cannot be read") in told


@pytest.mark.parametrize("let", [{"all_live": True}, {"live": ("look_up",)}, {"from_id": "look_up"}])
def test_what_the_users_answer_takes_its_types_from_is_checked(project: Project, let: dict[str, Any]) -> None:
    """An answer that the user gives has the recorded one's shape: so a call that could run for real is no exception."""
    recorded = project.record(CHAIN)
    if "from_id" in let:
        let = {"from_id": call_of(project, recorded, let["from_id"]).span_id}
    forge(project, FORGERIES["an answer"])
    with pytest.raises(RefusedError, match=r"the answer of look_up .* was changed after it was recorded"):
        project.replay(recorded, instead=(Instead("look_up", None, "8"),), **let)
