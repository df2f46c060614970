"""The source of code that stands in no file: cells of a notebook, and whatever else only `linecache` knows.

A cell means little without those before it, so all that ran so far are kept, each once for each journal.
"""

import linecache
import os
import re
from typing import Any

from treadle.journal import Journal
from treadle.names import writable
from treadle.notebooks import cells_of, running_shell
from treadle.signing import Signer, sign_source
from treadle.values.redact import Redactor, is_secret_name, mask

_GIVEN = re.compile(
    r"\b(?P<name>\w++)(?:[\"']?\]?\s*[:=]|\s*:\s*[\w\[\]., |]+=)\s*[bBrRuUfF]{0,2}(?P<quote>\"\"\"|'''|[\"'])"
    r"(?P<value>(?:\\[\s\S]|(?!(?P=quote))[^\\]){1,8000})(?P=quote)"
)
"""A text that code gives a name: `token = "..."`, `connect(password="...")`, `{"api_key": "..."}`."""
_SET = re.compile(r"(?<=[\"' ])(?P<name>\w++)=(?P<value>[^\s\"',(){}\[\]]{8,})(?=[\"'])")
"""A variable set inside a text, as `%env` and `!export` do."""

_LINE_END = re.compile(r"\\?\n")


class Sources:
    """Writes the sources that one journal needs and does not hold yet."""

    __slots__ = ("_count", "_journal", "_next_cell", "_redactor", "_signer", "_written", "shell")

    def __init__(self, journal: Journal, redactor: Redactor, signer: Signer | None) -> None:
        self._journal = journal
        self._redactor = redactor
        self._signer = signer
        self._next_cell = 1
        self._count = 0
        self.shell: Any = None
        """The shell whose cells are kept, once a function of one was called."""
        self._written: dict[str, str] = {}

    def keep(self, file: str) -> None:
        """Write what is needed to see the code of a function in this file, where there is no such file."""
        text = _registered_text(file)
        shell = running_shell()
        if shell is not None and (text is not None or not _exists(file)):
            self.shell = shell
            self.keep_new_cells()
        if text is not None and text.rstrip("\n") != self._written.get(file):
            self._write(file, text, None)

    def keep_new_cells(self) -> None:
        """Write the cells that ran since: what a function uses of its notebook is what stood there last."""
        if self.shell.execution_count == self._count:
            return
        self._count = self.shell.execution_count
        for cell in cells_of(self.shell, since=self._next_cell):
            self._next_cell = cell.number + 1
            self._write(cell.file, cell.text, cell.number)

    def _write(self, file: str, text: str, number: int | None) -> None:
        self._written[file] = text.rstrip("\n")
        shown = _without_secrets(text, self._redactor)
        redacted = shown != text
        file, shown = writable(file), writable(shown)
        signature = None
        if self._signer is not None:
            process = self._journal.process_id
            signature = sign_source(
                self._signer, process=process, file=file, number=number, text=shown, redacted=redacted
            )
        self._journal.record_for_all(
            "source", file=file, number=number, redacted=redacted or None, sig=signature, text=shown
        )


def _registered_text(file: str) -> str | None:
    """Return the text that somebody gave `linecache` for a file that does not exist."""
    held = linecache.cache.get(file)
    if held is None and not file.startswith("<"):
        return None
    was_read = held is None or len(held) == 1 or held[1] is not None
    if was_read and _exists(file):
        return None
    return "".join(linecache.getlines(file)) or None


def _exists(file: str) -> bool:
    return os.path.exists(file)  # noqa: PTH110 - `Path.exists` raises for a name that is too long for a file


def _without_secrets(text: str, redactor: Redactor) -> str:
    """Return source in which neither a secret stands, nor a text that is given a secret's name."""
    for shape in (_GIVEN, _SET):
        text = shape.sub(_masked_value, text)
    return redactor.text(text)


def _masked_value(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]):
        return found.group()
    start, end = (position - found.start() for position in found.span("value"))
    line_ends = "".join(_LINE_END.findall(found["value"]))  # the lines below keep their numbers
    return found.group()[:start] + mask(found["value"]) + line_ends + found.group()[end:]
