"""The client: finds its store, starts the owner, outlives it, and gives back what was recorded."""

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner, is_owned, kill_owner
from storage.journals import record_example, span_id, write_long_trace
from treadle.errors import AmbiguousError, NotFoundError, QueryError, StoreError, StoreHeldError
from treadle_storage.store import Store
from waiting import wait_until


def test_a_missing_store_says_where_it_looked(tmp_path: Path) -> None:
    """No store is an error that names the place and the next step, and nothing is made there."""
    missing = tmp_path / "nowhere"
    with pytest.raises(NotFoundError, match=r"nowhere.*treadle run.*--store"):
        treadle_storage.open(missing)
    assert not missing.exists()


def test_what_is_no_store_is_not_made_one(tmp_path: Path) -> None:
    """A file, and a directory of other things, are refused."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(NotFoundError, match="other things"):
        treadle_storage.open(tmp_path)
    with pytest.raises(NotFoundError, match="a file"):
        treadle_storage.open(tmp_path / "notes.txt")


def test_the_environment_names_the_store(store: Path) -> None:
    """Without a path the rule of the commands holds."""
    with treadle_storage.open(create=True) as client:
        assert client.path == store
    assert store.stat().st_mode & 0o777 == 0o700


def test_an_empty_store_answers(opened: Store) -> None:
    """No rows, and no error; what is asked for by name is not found."""
    assert opened.traces() == []
    assert opened.marks() == []
    assert opened.sql("select * from spans").fetchall() == []
    status = opened.status()
    assert (status.spans, status.traces, status.backlog_bytes, status.rejected) == (0, 0, 0, ())
    with pytest.raises(NotFoundError):
        opened.resolve("last")
    with pytest.raises(NotFoundError):
        opened.trace("0" * 32)


def test_what_a_program_wrote_is_there_at_once(opened: Store) -> None:
    """Each question sees everything that was written before it was asked."""
    for number in range(1, 6):
        trace = record_example(opened, number)
        assert opened.trace(trace).span_count == 4
        assert opened.sql("select count(*) from traces").fetchall() == [(number,)]


def test_every_question_has_its_answer(opened: Store) -> None:
    """The whole contract on one recorded chain."""
    trace = record_example(opened)
    tree = opened.tree(trace)
    assert [tree.names[name] for name in tree.name] == ["answer", "retrieve", "chat gpt-4o", "parse"]
    assert opened.traces()[0] == opened.trace(trace)
    assert opened.traces(before=opened.traces()[0]) == []
    assert opened.resolve(trace[:8]).trace_id == opened.resolve("last").trace_id == trace
    call, parse = tree.hex_id(2), tree.hex_id(3)
    assert opened.step(trace, parse).error_message == "no JSON"
    assert opened.messages(trace, call)[-1].content == "Sorry, in Norway."
    assert opened.events(trace, call) == []
    assert opened.scores(trace) == []
    assert opened.hits(trace, "kind = 'llm'").tolist() == [False, False, True, False]
    assert opened.hits(trace, "pars*").tolist() == [False, False, False, True]
    assert opened.search(trace, "NORWAY").tolist() == [True, True, True, True]
    assert opened.column(trace, "upper(kind)") == ["CHAIN", "RETRIEVER", "LLM", "CHAIN"]
    good, bad = opened.watch(trace, call, ["output_tokens * 2", "nope"])
    assert (good.value, good.error) == ("200", None)
    assert bad.value is None
    assert "nope" in str(bad.error)
    assert [recorded.span_id for recorded in opened.recording(trace).calls] == [tree.hex_id(i) for i in range(4)]
    assert opened.status().spans == 4


def test_errors_arrive_as_themselves(opened: Store) -> None:
    """What the index raises, the client raises: the same class, the same words."""
    trace = record_example(opened)
    with pytest.raises(QueryError, match="nope"):
        opened.hits(trace, "nope = 1")
    with pytest.raises(QueryError):
        opened.hits(trace, "name='x') or (1=1")
    with pytest.raises(NotFoundError):
        opened.step(trace, "f" * 16)
    with pytest.raises((AmbiguousError, NotFoundError)):
        opened.resolve("zz")


def test_a_polling_face_sees_what_is_new(opened: Store) -> None:
    """Without `fresh`, the version changes soon after something was recorded, and only then."""
    with treadle_storage.open(opened.path, fresh=False) as face:
        before = face.version()
        assert face.version() == before
        trace = record_example(opened)
        wait_until(lambda: face.version() != before)
        wait_until(lambda: [summary.trace_id for summary in face.traces()] == [trace])


def test_the_version_grows_over_owners(opened: Store) -> None:
    """A new owner's version is above the old one's, so that nobody takes it for nothing new."""
    before = opened.version()
    kill_owner(opened.path)
    assert opened.version() > before


def test_questions_outlive_their_owner(opened: Store) -> None:
    """While the owner is killed again and again, every question of every thread is answered, and rightly."""
    record_example(opened)
    stop = threading.Event()
    wrong: list[object] = []
    asked = itertools.count()

    def keep_asking() -> None:
        while not stop.is_set():
            next(asked)
            try:
                answer = opened.sql("select count(*), sum(i) from spans, range(1000) t(i)").fetchall()
            except Exception as error:
                answer = error
            if answer != [(4000, 4 * 499500)]:
                wrong.append(answer)

    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        killed = kill_owner(opened.path)
        assert opened.status().owner_pid != killed
    stop.set()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert next(asked) > 5


def test_kills_during_ingest_lose_nothing(opened: Store) -> None:
    """An owner that dies while it indexes leaves neither gaps nor doubles."""
    steps = 12_000
    trace = write_long_trace(opened.path, steps=steps)
    with treadle_storage.open(opened.path, fresh=False) as face:
        for indexed in (0, 2000, 5000):
            wait_until(lambda least=indexed: face.status().spans >= least, timeout_s=30)
            kill_owner(opened.path)
    assert opened.sql("select count(*), count(distinct span_id) from spans").fetchall() == [(steps, steps)]
    assert len(opened.tree(trace)) == steps


def test_rows_cut_off_by_a_kill_are_not_taken_for_all(opened: Store) -> None:
    """When rows were already handed out, the end of the owner is an error and not the end of the rows."""
    rows = iter(opened.sql("select repeat('x', 1000) from range(1000000)"))
    next(rows)
    kill_owner(opened.path)
    with pytest.raises(StoreError, match="not all"):
        list(rows)


def test_threads_share_a_store(opened: Store) -> None:
    """Sixteen threads ask at once on one client; a long query of one does not hold up the others."""
    record_example(opened)
    answers: list[object] = []

    def ask() -> None:
        answers.append(opened.sql("select count(*) from spans").fetchall())

    with opened.sql("select i from range(100000000000) t(i)"):
        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == [[(4,)]] * 16


def test_a_forked_child_asks_on_its_own(opened: Store) -> None:
    """A program that forks can use the store on both sides."""
    code = (
        "import os, sys, treadle_storage\n"
        "store = treadle_storage.open(sys.argv[1])\n"
        "store.version()\n"
        "child = os.fork()\n"
        "answers = [store.sql('select 41 + 1').fetchall() for _ in range(20)]\n"
        "assert answers == [[(42,)]] * 20\n"
        "store.close()\n"
        "if child: assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(opened.path)], check=True, timeout=60)


def test_read_only_writes_nothing(opened: Store) -> None:
    """A store opened to read answers from its index, indexes nothing, and is left as it was."""
    record_example(opened)
    assert opened.status().spans == 4
    end_owner(opened.path)
    record_example(opened, 2)
    before = sorted(opened.path.iterdir())
    with treadle_storage.open(opened.path, read_only=True) as reader:
        status = reader.status()
        assert (status.read_only, status.spans) == (True, 4)
        assert reader.sql("select count(*) from spans").fetchall() == [(4,)]
        assert not is_owned(opened.path)
        assert sorted(opened.path.iterdir()) == before
        os.kill(status.owner_pid, 15)


def test_read_only_waits_for_nobody_forever(opened: Store) -> None:
    """While an owner holds the file, opening it to read says who."""
    pid = opened.status().owner_pid
    with treadle_storage.open(opened.path, read_only=True) as reader, pytest.raises(StoreHeldError, match=str(pid)):
        reader.traces()


def test_a_closed_store_says_so(opened: Store) -> None:
    """Asking after `close` is an error, not a new connection."""
    opened.close()
    with pytest.raises(StoreError, match="was closed"):
        opened.version()


def test_the_client_loads_no_database(opened: Store) -> None:
    """A program that asks the store never loads duckdb."""
    code = (
        "import sys, treadle_storage\n"
        "with treadle_storage.open(sys.argv[1]) as store: store.traces()\n"
        "assert not {'duckdb', '_duckdb', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(opened.path)], check=True, timeout=60)


def test_a_folder_of_modules_with_our_names_is_harmless(opened: Store, tmp_path: Path) -> None:
    """The owner starts from a folder whose files shadow the standard library."""
    for name in ("json", "logging", "duckdb", "treadle_storage", "selectors"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    code = "import sys, treadle_storage\nwith treadle_storage.open(sys.argv[1]) as store: store.version()\n"
    subprocess.run([sys.executable, "-P", "-c", code, str(opened.path)], check=True, timeout=60, cwd=tmp_path)


def test_ids_of_spans_are_hex(opened: Store) -> None:
    """A span's id is the same sixteen digits in the tree, in the views and in the questions."""
    trace = record_example(opened)
    first = span_id(int(trace[:6], 16) * 10)
    assert opened.tree(trace).hex_id(0) == first
    assert opened.sql(f"select name from spans where span_id = '{first}'").fetchall() == [("answer",)]
    assert opened.step(trace, first).name == "answer"
