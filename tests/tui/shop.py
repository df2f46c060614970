"""A store as a shop's program would leave it: three traces, the last of them killed in the middle of a stream."""

from pathlib import Path

import treadle_storage
from storage.journals import CHAT_ATTRS, JournalWriter, chat_request, trace_id, write_example
from waiting import wait_until

OK, FAILED, KILLED = trace_id(1), trace_id(2), trace_id(3)
"""The traces of the shop: one with an error inside, one whose root failed, one killed in the middle of a stream."""
KILLED_CALL = "00000000000000f2"


def wait_for_the_dead(store: Path) -> None:
    """Return when the index knows that the shop's program was killed: a round after it has read everything."""
    with treadle_storage.open(store) as client:
        wait_until(lambda: client.trace(KILLED).status == "interrupted")


def write_shop(store: Path) -> None:
    """Write the journal of a program that recorded three traces and was killed in the last."""
    with JournalWriter(store) as writer:
        write_example(writer, trace=OK)
        frames = [{"file": "/home/me/app/app.py", "line": 9, "function": "refund"}]
        writer.start("00000000000000e1", "refund", trace=FAILED, arguments={"order": 7, "note": "no\nrush \x1b[31mred"})
        writer.end(
            "00000000000000e1", trace=FAILED, status="error",
            tagged=b'{"$":"exception","type":"builtins:KeyError","message":"7"}',
            error={"type": "KeyError", "message": "7", "frames": frames},
        )  # fmt: skip
        writer.start("00000000000000f1", "answer", trace=KILLED, arguments={"question": "Hey?"})
        writer.start(
            "00000000000000f0",
            "look up",
            trace=KILLED,
            parent="00000000000000f1",
            kind="tool",
            arguments={"key": "Hey"},
        )
        writer.end("00000000000000f0", trace=KILLED, result="a greeting")
        writer.start(
            KILLED_CALL, "chat", trace=KILLED, parent="00000000000000f1", kind="llm", arguments=chat_request("Hey?"),
            attrs=CHAT_ATTRS,
        )  # fmt: skip
        writer.chunks(
            KILLED_CALL, [{"choices": [{"delta": {"content": text}}]} for text in ("Hel", "lo th")], trace=KILLED
        )
