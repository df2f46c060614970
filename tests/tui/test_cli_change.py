"""Commands that leave something: score; and doctor, which finds what is wrong."""

import json
import os

import duckdb
import pytest

from owners import end_owner
from storage.journals import JournalWriter, trace_id
from treadle.journal import Journal
from treadle_tui.trace_rows import short_path
from tui.shop import OK
from waiting import wait_until


def test_a_score_is_kept_and_shown(cli, own_shop):
    """A number for the trace, false for a step; the trace has failed then."""
    assert cli("score", OK[:6], "helpful", "0.8", "--comment", "short", store=own_shop).code == 0
    ran = cli("score", OK, "correct", "no", "--step", "chat gpt-4o", "--label", "wrong", store=own_shop)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("correct = false for step ")
    shown = cli("show", OK, store=own_shop).out
    assert "score helpful = 0.8  short" in shown
    assert "✗ failed" in shown
    scores = json.loads(cli("show", OK, "--format", "json", store=own_shop).out)["scores"]
    assert [(score["name"], score["value"], score["label"], score["source"]) for score in scores] == [
        ("helpful", 0.8, None, "human"),
        ("correct", 0.0, "wrong", "human"),
    ]


def test_a_score_may_be_negative(cli, own_shop):
    """-1 is a value, not an option."""
    assert "x = -1 for trace" in cli("score", OK, "x", "-1", store=own_shop).err


def findings(ran):
    """Return doctor's findings by name; the last of a name counts."""
    return {found["name"]: found for found in json.loads(ran.out)}


def test_doctor_says_all_well(cli, shop):
    """Store, journals, key, clients, installation, terminal."""
    ran = cli("doctor", store=shop)
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if line and not line.startswith(" ")] == [
        "store", "journals", "key", "clients", "installation", "terminal",
    ]  # fmt: skip
    assert ran.err == "all well\n"
    found = findings(cli("doctor", "--format", "json", store=shop))
    assert found["holds"]["value"].startswith("3 traces, 8 spans")
    assert found["backlog"]["value"] == "none"


def test_doctor_names_file_and_offset_of_a_bad_record(cli, tmp_path):
    """One bad byte in the middle: exactly one record is lost, and it says where."""
    store = tmp_path / "bad" / ".treadle"
    with JournalWriter(store) as writer:
        writer.start("00000000000000a1", "first", trace=trace_id(1))
        offset = writer.raw(b'{"v":1,"r":"end","n":2,"t":\xff}\n')
        writer.start("00000000000000a2", "second", trace=trace_id(2))
        name = writer.path.name
    ran = cli("doctor", store=store)
    assert ran.code == 1
    assert f"{name} at byte {offset}" in ran.out
    assert "✗ rejected records" in ran.out
    assert len(cli("traces", store=store).out.splitlines()) == 3
    end_owner(store)


def test_doctor_says_that_a_network_disk_is_none_for_a_store(cli, shop, monkeypatch):
    """Exit 1, with what to do."""
    monkeypatch.setattr("treadle_tui.cli.store_checks.network_disk", lambda path: "nfs4")
    ran = cli("doctor", store=shop)
    assert ran.code == 1
    assert "nfs4, over a network: its locks are not to be relied on" in ran.out


def test_doctor_works_without_a_store(cli, tmp_path):
    """Nothing is recorded yet: that is said, and is no problem."""
    ran = cli("doctor", "--format", "json", store=tmp_path / "none")
    assert ran.code == 0
    assert "no store at" in findings(ran)["state"]["value"] or "none yet" in findings(ran)["state"]["value"]


@pytest.mark.parametrize(
    ("size", "mode", "said"), [(32, 0o600, "signs what"), (32, 0o644, "others can read it"), (5, 0o600, "5 bytes")]
)
def test_doctor_looks_at_the_key(cli, tmp_path, monkeypatch, size, mode, said):
    """A key that others can read signs nothing."""
    key = tmp_path / "key"
    key.write_bytes(b"k" * size)
    key.chmod(mode)
    monkeypatch.setenv("TREADLE_KEY_FILE", str(key))
    ran = cli("doctor", "--format", "json", store=tmp_path / "none")
    assert said in findings(ran)["state"]["value"]
    assert ran.code == (0 if said == "signs what" else 1)
    assert os.fspath(key) in ran.out


def test_doctor_says_that_there_is_no_place_for_a_key(cli, tmp_path, homeless):
    """Without a home folder records stay unsigned; the other findings are there."""
    ran = cli("doctor", "--format", "json", store=tmp_path / "none")
    assert ran.code == 1
    assert "no home folder" in findings(ran)["file"]["value"]
    assert "python" in findings(ran)


def test_without_a_home_folder_paths_are_whole(homeless, tmp_path):
    """The list of traces says where its store is, wherever that is."""
    assert short_path(tmp_path / "store") == str(tmp_path / "store")


def test_a_store_of_a_newer_version_is_said(cli, own_shop):
    """One line that says what to do; nothing in it is touched."""
    cli("traces", store=own_shop)
    end_owner(own_shop)
    connect_alone(own_shop / "treadle.duckdb", "update meta set value = '9999' where key = 'schema_version'")
    ran = cli("traces", store=own_shop)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("treadle: ")
    assert ran.err.count("\n") == 1
    assert "9999" in ran.err
    checked = cli("doctor", store=own_shop)
    assert checked.code == 1
    assert "9999" in checked.out
    connect_alone(own_shop / "treadle.duckdb", "delete from meta where key = 'schema_version'")
    (own_shop / "treadle.duckdb").unlink()


def connect_alone(database, statement):
    """Change the database by hand, once its owner has let go of it."""

    def is_free():
        try:
            return duckdb.connect(database)
        except duckdb.IOException:
            return None

    with wait_until(is_free) as connection:
        connection.execute(statement)


def test_doctor_counts_a_journal_whose_test_still_runs(cli, tmp_path):
    """It takes room too, though no other command sees it yet."""
    store = tmp_path / ".treadle"
    held = Journal(store, hold="abc")
    assert held.paths[0].name in cli("doctor", store=store).out
    held.close()
    end_owner(store)
