"""`treadle.configure`: where and how this process records."""

from collections.abc import Callable
from pathlib import Path

from treadle import recorder


def configure(*, store: str | Path | None = None, redact: Callable[[str], str] | None = None) -> None:
    """Choose the store and a redaction of your own; call it before the first traced call.

    `redact` gets every text that would be written and returns what may be; Treadle's own redaction comes after it.
    """
    recorder.configure(store=store, redact=redact)
