"""Secrets leave before anything is written: by the name they stand under, by their shape, by the environment.

The user's own function sees every text first. A text that was found clean is remembered by its hash: earlier messages
of a conversation come again and again, and the names of a program always.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from treadle import guard
from treadle.values.secret_assignments import without_assigned
from treadle.values.secret_fields import SecretText, marked_options
from treadle.values.secret_names import is_secret_field, is_secret_name, is_secret_variable
from treadle.values.secret_shapes import mask, without_shapes

__all__ = ["Redactor", "UserRedaction", "is_secret_field", "is_secret_name", "mask"]

TAG = "$"
SHORTEST_SECRET = 8
SHORTEST_ENVIRONMENT_SECRET = 12
MOST_REMEMBERED = 10_000
HIDDEN = "…"
"""Stands for a text that the user's own function failed on."""
_PATH_STARTS = ("/", "~", "./")
"""Where a variable names a file that holds a secret, the path is none: only a value equal to it is stored by name."""

UserRedaction = Callable[[str], str]


class _Thread(threading.local):
    is_redacting = False
    """Whether the user's own function runs: what it calls is not recorded, for that would ask it again, without end."""


thread = _Thread()


class Redactor:
    """Decides which texts of one process may be written as they are."""

    __slots__ = (
        "_environment",
        "_inside_texts",
        "_user",
        "_variable_count",
        "_watched",
        "changed",
        "clean",
        "plain_names",
        "shortest",
    )

    def __init__(self, user: UserRedaction | None = None) -> None:
        self._user = user
        self.clean: set[int] = set()
        """Hashes of texts that may be written as they are."""
        self.plain_names: set[str] = set()
        """Keys of dictionaries that may be, and name no secret."""
        self.shortest = SHORTEST_SECRET if user is None else 0
        """What is shorter is no secret."""
        self.changed: set[int] = set()
        """Hashes of the texts that the user's own function has changed or failed on since `take_changed`."""
        self._variable_count = -1
        self._environment: dict[str, str] = {}
        self._inside_texts: tuple[tuple[str, str], ...] = ()
        """What no text may hold, and what is put in its place."""
        self._watched: tuple[tuple[str, str], ...] = ()
        """All variables whose names say that they hold secrets."""
        self._read_environment()

    def of_call(self) -> "Redactor":
        """Return one that counts for a single call, where there is a user's function to count for."""
        if self._user is None:
            return self
        counting = copy(self)
        counting.changed = set()
        return counting

    @property
    def is_the_users(self) -> bool:
        """Whether a function of the user's sees every text first: what it changes is what they want to be read."""
        return self._user is not None

    def variable(self, text: str) -> str | None:
        """Return the name of the environment variable that holds exactly this secret."""
        return self._environment.get(text)

    def is_clean(self, text: str) -> bool:
        """Tell of nearly every text that it may be written as it is; False: ask `text` and `variable`."""
        if self._user is not None:
            return False
        return len(text) < SHORTEST_SECRET or hash(text) in self.clean or self._is_found_clean(text)

    def is_plain_name(self, name: str) -> bool:
        """Tell of a dictionary's key that it may be written as it is, and names no secret."""
        if name in self.plain_names:
            return True
        if not (name.isascii() and name != TAG and not is_secret_name(name) and self.is_clean(name)):
            return False
        if len(self.plain_names) >= MOST_REMEMBERED:
            self.plain_names.clear()
        self.plain_names.add(name)
        return True

    def text(self, text: str) -> str:
        """Return the text with what is secret replaced; the same object where nothing is."""
        if self._user is not None:
            text = self._as_user_wants(self._user, text)
        if len(text) < SHORTEST_SECRET or hash(text) in self.clean or self._is_found_clean(text):
            return text
        return self._masked(text)

    def arguments(self, arguments: Sequence[Any]) -> list[str]:
        """Return a command line as it may be written: a variable's value by its name, other secrets masked."""
        return [self._argument(argument) for argument in marked_options(arguments)]

    def _argument(self, argument: str) -> str:
        if (variable := self._environment.get(argument)) is not None:
            return f"${{{variable}}}"
        return mask(argument) if isinstance(argument, SecretText) else self.text(argument)

    def attributes(self, held: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes of a span as they may be written."""
        return {self.text(name): self._attribute(name, value) for name, value in held.items()}

    def _attribute(self, name: str, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._attribute(name, item) for item in value]
        if type(value) is not str:
            return value
        return mask(value) if is_secret_field(name, value, {}) else self.text(value)

    def masked_bytes(self, data: bytes | bytearray) -> str | None:
        """Return bytes as a text with what is secret in it replaced; None where nothing is."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        shown = mask(text) if text in self._environment else self.text(text)
        return shown if shown != text else None

    def take_changed(self) -> int:
        """Return how many texts the user's own function has changed or failed on since this was last asked."""
        count = len(self.changed)
        self.changed.clear()
        return count

    def _as_user_wants(self, user: UserRedaction, text: str) -> str:
        if thread.is_redacting:  # it scores what it does, or sets an attribute
            return HIDDEN
        try:
            thread.is_redacting = True
            wanted = user(text)
        except Exception as error:  # noqa: BLE001 - the guard
            guard.report(error)
            wanted = HIDDEN
        finally:
            thread.is_redacting = False
        if type(wanted) is not str:
            wanted = HIDDEN
        if wanted != text:
            self.changed.add(hash(text))
        return wanted

    def _is_found_clean(self, text: str) -> bool:
        if self._is_environment_changed():
            self.clean.clear()
            self.plain_names.clear()
            self._read_environment()
        if self._masked(text) is not text:
            return False
        if len(self.clean) >= MOST_REMEMBERED:
            self.clean.clear()
        self.clean.add(hash(text))
        return True

    def _masked(self, text: str) -> str:
        for secret, masked in self._inside_texts:
            if secret in text:
                text = text.replace(secret, masked)
        return without_assigned(without_shapes(text))

    def _is_environment_changed(self) -> bool:
        """Tell whether a variable was set or taken out, or a secret was given another value."""
        if len(os.environ) != self._variable_count:
            return True
        return any(os.environ.get(name) != value for name, value in self._watched)

    def _read_environment(self) -> None:
        """Take in the secrets of the environment; again where it is another: a program may load its `.env` late."""
        try:
            variables = os.environ.copy()
        except KeyError:  # another thread took one out meanwhile
            return
        self._variable_count = len(variables)
        self._watched = tuple(pair for pair in variables.items() if is_secret_variable(pair[0]))
        self._environment = {value: name for name, value in self._watched if len(value) >= SHORTEST_ENVIRONMENT_SECRET}
        forms = {form: mask(value) for value in self._environment for form in _forms(value)}
        self._inside_texts = tuple(sorted(forms.items(), key=lambda pair: len(pair[0]), reverse=True))


def _forms(secret: str) -> Iterator[str]:
    """Yield how a secret stands inside a text: as it is, and as Python and JSON write it."""
    if not secret.startswith(_PATH_STARTS):
        yield secret
        yield repr(secret)[1:-1]
        yield json.dumps(secret)[1:-1]
        yield json.dumps(secret, ensure_ascii=False)[1:-1]
