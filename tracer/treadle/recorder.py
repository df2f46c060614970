"""This process's recorder: opened by the first traced call, left after a fork and when settings change."""

import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from treadle import guard
from treadle.config import find_store
from treadle.errors import TreadleError
from treadle.journal import FOLDER, Journal, decide, held_under
from treadle.recording import Recorder
from treadle.settings import settings, when_changed
from treadle.surroundings.groups import VARIABLE

if TYPE_CHECKING:
    from treadle.otel.forward import Forwarder

_recorder: Recorder | None = None
_broken = False
_is_opening = False
_forwarders: dict[str, "Forwarder"] = {}
"""By the collector's URL: calls that are open when the settings change still end in theirs."""
_hold: str | None = None
"""The name that journals are held under; None: readers see what is opened."""
_held: list[Journal] | None = None
"""Those that this process has opened since `hold`; None: it was another that began to hold, and decides."""
_parents_store: Path | None = None
"""Where the process that forked this one recorded: looked for again, it may be another by now."""
_opening = threading.RLock()
"""Held while the journal is opened: a thread that begins in the same moment waits, a signal handler does not."""


def reopen() -> None:
    """Have the next call open a journal, as the settings say by then; this one closes when its calls have ended."""
    global _parents_store
    _parents_store = None
    _leave()


def _leave() -> None:
    global _recorder, _broken
    _recorder, _broken = None, False


when_changed(reopen)


def hold() -> None:
    """Write from now on where no reader looks, until `release` says what becomes of it."""
    global _held, _hold
    _hold, _held = secrets.token_hex(8), []
    _leave()


def current_hold() -> str:
    """Return the name under which what is opened now is held; empty where it is not."""
    return _hold or ""


def hold_for(name: str) -> None:
    """Hold as the process does that sent work to this one, and decides for both; it may hold no more, or anew."""
    global _hold
    if _held is None and name != current_hold():
        _hold = name or None
        _leave()


def release(*, keep: bool) -> None:
    """Show readers what was written since `hold`, or drop it; what is written from now on they see at once."""
    global _held, _hold
    name, _hold = _hold, None
    held, _held = _held or [], None
    _leave()
    if name is not None:
        guard.attempt(lambda: decide(name, held, keep=keep))


def recorder() -> Recorder | None:
    """Return this process's recorder, opened by the first call that asks; None where it cannot record."""
    if _recorder is None and not _broken:
        with _opening:
            _open_once()
    return _recorder


def open_store() -> Path | None:
    """Return the store that this process records into, if it does by now."""
    return _recorder.store if _recorder is not None else _parents_store


def _open_once() -> None:
    """Open, unless this thread does already: a signal handler or a `__del__` may make a call in the middle of it."""
    global _is_opening
    if _recorder is not None or _broken or _is_opening:
        return
    _is_opening = True
    try:
        _open()
    finally:
        _is_opening = False


def _open() -> None:
    global _recorder, _broken, _hold
    try:
        chosen = settings()
        store = _parents_store or find_store(chosen.store)
        if _hold is not None and _held is None and not held_under(_hold, store / FOLDER):
            _hold = None  # who held it has decided by now
        _recorder = Recorder(
            store,
            chosen,
            hold=_hold,
            forwarder=guard.attempt(lambda: _forwarder(chosen.forward)),
        )
        if os.environ.get(VARIABLE) and chosen.record is None:
            from treadle.surroundings.installing import follow

            follow()
        if _held is not None:
            _held.append(_recorder.journal)
    except (TreadleError, OSError, RuntimeError, ValueError, TypeError) as error:
        guard.report(error)
        _broken = True


def _forwarder(url: str | None) -> "Forwarder | None":
    if url is None:
        return None
    if url not in _forwarders:
        from treadle.otel.forward import Forwarder

        _forwarders[url] = Forwarder(url)
    return _forwarders[url]


def _forget_in_child() -> None:
    """After a fork: leave the parent's journal without unlocking it; the child's first call opens its own."""
    global _recorder, _opening, _is_opening, _held, _parents_store
    _opening, _is_opening = threading.RLock(), False
    if _recorder is not None:
        _parents_store = _recorder.store
    _recorder = _held = None
    for forwarder in _forwarders.values():
        forwarder.forget()
    _forwarders.clear()


def _rest() -> None:
    for forwarder in list(_forwarders.values()):
        forwarder.rest()


os.register_at_fork(before=_rest, after_in_child=_forget_in_child)
