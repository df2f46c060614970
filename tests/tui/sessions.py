"""Sessions in tests: the step that one stands on, and the marks that one keeps."""

import json
from pathlib import Path
from typing import Any

from treadle_debugger.session import Session


def name_of(session: Session, row: int) -> str:
    """Return the name of a step."""
    return session.tree.names[session.tree.name[row]]


def standing_on(session: Session) -> str:
    """Return the name of the step at the position."""
    return name_of(session, session.position)


def kept_marks(store: Path) -> list[dict[str, Any]]:
    """Return the mark records in a store's journals, the oldest first."""
    lines = [line for file in sorted((store / "journal").iterdir()) for line in file.read_text().splitlines()]
    return [record for record in map(json.loads, lines) if record["r"] == "mark"]
