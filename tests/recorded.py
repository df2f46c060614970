"""What a program recorded, read straight from its journals: tests of the tracer see the format, not a reader of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from treadle.values import plain


@dataclass
class Recorded:
    """One call: its records, and the calls under it in the order in which they began."""

    start: dict[str, Any]
    end: dict[str, Any] | None = None
    chunks: list[Any] = field(default_factory=list)
    children: list["Recorded"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.start["name"])

    @property
    def status(self) -> str:
        """How it ended; `running` where it has not."""
        return str(self.end["status"]) if self.end is not None else "running"

    @property
    def closed(self) -> bool:
        """Whether its consumer stopped early."""
        return self.end is not None and bool(self.end.get("closed"))

    @property
    def given(self) -> Any:
        """Its input as plain JSON."""
        return untagged(self.start["in"])

    @property
    def output(self) -> Any:
        """Its output as plain JSON."""
        assert self.end is not None, f"{self.name} has not ended"
        return untagged(self.end["out"])

    @property
    def tree(self) -> Any:
        """Its name, with those of the calls under it: `["a", ["b"], ["c", ["d"]]]`."""
        return [self.name, *(child.tree for child in self.children)]


def journals(store: Path) -> list[Path]:
    """Return the journals of a store, oldest first."""
    return sorted((store / "journal").glob("*.ndjson"))


def records(store: Path) -> list[dict[str, Any]]:
    """Return every record of every journal that parses."""
    found = []
    for journal in journals(store):
        for line in journal.read_bytes().split(b"\n"):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def calls(store: Path) -> list[Recorded]:
    """Return every call in the order of starting, with its children."""
    by_span: dict[str, Recorded] = {}
    for record in sorted(records(store), key=lambda record: (record["t"], record["n"])):
        if record["r"] == "start":
            call = by_span[record["span"]] = Recorded(record)
            if (parent := by_span.get(record.get("parent", ""))) is not None:
                parent.children.append(call)
        elif record["r"] == "chunk":
            by_span[record["span"]].chunks += [untagged(value) for _, value in record["chunks"]]
        elif record["r"] == "end":
            assert by_span[record["span"]].end is None, "a call ended twice"
            by_span[record["span"]].end = record
    return list(by_span.values())


def roots(store: Path) -> list[Recorded]:
    """Return the calls that have no parent."""
    return [call for call in calls(store) if "parent" not in call.start]


def only(store: Path) -> Recorded:
    """Return the one call there is."""
    (call,) = calls(store)
    return call


def named(store: Path, name: str) -> Recorded:
    """Return the one call of this name."""
    (call,) = [call for call in calls(store) if call.name == name]
    return call


def untagged(tree: Any) -> Any:
    """Return a payload as a person reads it."""
    return json.loads(plain(json.dumps(tree).encode()))
