"""A recording that somebody made to harm whoever looks at it, on the command line."""

import shutil

import pytest

from owners import end_owner
from storage.journals import JournalWriter, span_id, trace_id

ESC = "\x1b]0;gotcha\x07\x9b31m"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return a store with an escape sequence in every text that a program records."""
    store = tmp_path_factory.mktemp("hostile") / ".treadle"
    with JournalWriter(store) as writer:
        writer.function(1, f"f{ESC}", module=f"m{ESC}")
        for number in (1, 2):
            messages = [{"role": f"u{ESC}", "name": f"n{ESC}", "content": f"c{ESC}{number}", f"k{ESC}": number}]
            writer.start(
                span_id(number), f"s{ESC}", trace=trace_id(number), f=1, kind="llm", why=f"w{ESC}",
                arguments={"messages": messages, f"p{ESC}": f"v{ESC}{number}"}, attrs={"gen_ai.request.model": ESC},
            )  # fmt: skip
            writer.start(span_id(number + 2), "odd", trace=trace_id(number), parent=span_id(number), kind=f"o{ESC}")
            error = {"type": f"E{ESC}", "message": f"m{ESC}", "frames": [{"file": ESC, "line": 1, "function": ESC}]}
            writer.end(span_id(number + 2), trace=trace_id(number), status="error", result=ESC, error=error)
            writer.end(span_id(number), trace=trace_id(number), status="error", result=ESC, error=error)
            writer.record(
                "score", trace=trace_id(number), name=ESC, value=1, label=ESC, comment=ESC, author=ESC, source=ESC
            )
    yield store
    end_owner(store)
    shutil.rmtree(store)


@pytest.mark.parametrize(
    "arguments",
    [
        ("traces",),
        ("show", "last"),
        ("show", trace_id(1), "--step", span_id(1)),
        ("show", trace_id(1), "--step", span_id(3)),
        ("show", trace_id(1), "--step", f"s{ESC}"),
        ("diff", trace_id(1), trace_id(2)),
        ("search", "gotcha"),
        ("sql", "from spans"),
        ("sql", f'select 1 as "{ESC}"'),
        ("sql", "select name::int from spans"),
        ("replay", trace_id(1)),
        ("replay", trace_id(1), "--step", "odd"),
        ("doctor",),
    ],
    ids=lambda arguments: " ".join(arguments)[:20].encode("ascii", "replace").decode(),
)
def test_nothing_recorded_reaches_the_terminal_as_a_control_character(cli, hostile, arguments):
    """Neither on stdout nor in an error: they are seen as pictures."""
    ran = cli(*arguments, store=hostile)
    assert not {"\x1b", "\x07", "\x9b"} & {*ran.out, *ran.err}
    assert "internal fault" not in ran.err
