"""Paths of one machine in recorded values: marks in their place, and another machine's paths in the place of marks."""

from pathlib import Path

import pytest

from treadle.blobs import name_of
from treadle.replay.relocating import Relocation, marking, unmarking

HERE = {"<project>": Path("/home/me/app"), "<home>": Path("/home/me")}
THERE = {"<project>": Path("/builds/7/app"), "<home>": Path("/root")}


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("/home/me/app", "<project>"),
        ("/home/me/app/data/x.csv", "<project>/data/x.csv"),
        ("read '/home/me/app/a', \"/home/me/b\"; file:///home/me/app/c", "read '<project>/a', \"<home>/b\"; file://<project>/c"),
        ("/home/me/app-2/x and /home/me/apps", "<home>/app-2/x and <home>/apps"),
        ("/home/meyer/app", "/home/meyer/app"),
        ("/mnt/home/me/app and /home/me/app.old", "/mnt/home/me/app and <home>/app.old"),
        ("It is in /home/me/app.", "It is in <project>."),
        ("nothing of it", "nothing of it"),
    ],
)  # fmt: skip
def test_a_folder_is_marked_where_it_is_one(text: str, marked: str) -> None:
    """Not where another folder's name begins as its does; and it comes back on another machine."""
    assert marking(HERE.items())(text) == marked
    assert unmarking(HERE)(marked) == text
    assert unmarking(THERE)(marked) == marked.replace("<project>", "/builds/7/app").replace("<home>", "/root")


def test_the_root_of_the_file_system_is_no_folder_to_mark() -> None:
    """Every path would be in it."""
    assert marking([("<home>", Path("/"))])("/etc and 1/2") == "/etc and 1/2"


def test_a_value_is_relocated_in_its_names_and_blobs_too() -> None:
    """A blob with other content has another name and size; raw data is left alone."""
    text, raw = b"long: /home/me/app/x", b"\xff/home/me/app"
    tree = {
        "/home/me/app": [{"$": "tuple", "v": ["/home/me/app/y", 1, None]}],
        "text": {"$": "blob", "of": "str", "v": name_of(text), "size": len(text)},
        "raw": {"$": "bytes", "v": {"$": "blob", "of": "bytes", "v": name_of(raw), "size": len(raw)}},
    }
    away = Relocation(marking(HERE.items()), {name_of(text): text, name_of(raw): raw})
    marked = away.tree(tree)
    assert marked["<project>"] == [{"$": "tuple", "v": ["<project>/y", 1, None]}]
    kept = b"long: <project>/x"
    assert marked["text"] == {"$": "blob", "of": "str", "v": name_of(kept), "size": len(kept)}
    assert away.blobs == {name_of(kept): kept, name_of(raw): raw}
    back = Relocation(unmarking(HERE), away.blobs)
    assert back.tree(marked) == tree
    assert back.blobs == {name_of(text): text, name_of(raw): raw}
