"""What the first traced call loads: recording itself, OpenTelemetry and orjson, and not before.

What cannot be loaded (in a subinterpreter, or when the interpreter shuts down) is told once, and nothing is recorded.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock, get_ident
from typing import TYPE_CHECKING, Any

from treadle.kinds import EFFECT_KINDS
from treadle.names import REPLAY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_EXIT = "after shutdown"
"""What `threading` says of whatever is registered with it in an exit handler: there are no more threads to follow."""

calls: Any = None
_loading = RLock()
_loader: int | None = None
"""The thread that loads."""


class Unrecorded:
    """Stands in for `treadle.beginning` where that cannot be loaded."""

    def begin(self, name: str, kind: str, _held: Callable[[], Any], **_more: Any) -> None:
        """Record nothing; in a replay make no effect either.

        Raises:
            DivergedError: a replayed program made a call that nothing here can answer.

        """
        if kind in EFFECT_KINDS and os.environ.get(REPLAY_VARIABLE):
            from treadle.replay.divergence import DivergedError

            raise DivergedError(f"{name} was called where nothing can be recorded, and so is not answered")

    def kept(self) -> None:
        """Note no place."""


class Unready(Unrecorded):
    """The same where it cannot be loaded now, which is told once, without importing anything."""

    def __init__(self, why: str) -> None:
        self.why = why
        self._has_told = False

    def begin(self, name: str, kind: str, _held: Callable[[], Any], **_more: Any) -> None:
        """Record nothing, and say why."""
        super().begin(name, kind, _held)
        if not self._has_told:
            self._has_told = True
            _write(self.why)


MEANWHILE = Unready("a signal or the garbage collector made a call while the first one loaded what it needs")
CUT_OFF = Unready("it was forked while the first call began in another thread")
"""In the child, that thread's imports never end. To hold the fork back until they have would be worse: it holds locks
of other modules by then, for which the imports may wait."""


def loaded() -> Any:
    """Return `treadle.beginning`, which loads OpenTelemetry and opens the journal: not before the first traced call."""
    global calls, _loader
    if calls is None:
        with _loading:
            if _loader is not None:  # this very thread: what it loads is not whole yet
                return MEANWHILE
            try:
                _loader = get_ident()
                calls = calls or _load()
            finally:
                _loader = None
    return calls


def _load() -> Any:
    try:
        from treadle import beginning
    except Exception as error:  # noqa: BLE001 - the guard
        _tell(error)
        return Unrecorded()
    try:
        from treadle import propagation

        propagation.install()
    except Exception as error:  # noqa: BLE001 - the guard: in an exit handler thread pools can no longer be loaded
        _tell(error)
    return beginning


def _tell(error: Exception) -> None:
    """Say what is missing, but not to a program that shuts down: it has done without until then."""
    if sys.is_finalizing() or _AT_EXIT in str(error):
        return
    try:
        from treadle import guard
    except Exception:  # noqa: BLE001 - the guard: where no file can be opened, it cannot be loaded either
        _write(str(error))
    else:
        guard.report(error)


def _write(what: str) -> None:
    """Say what is missing without importing anything."""
    line = f"treadle: this run is not recorded whole: {what}\n"
    try:
        os.write(2, line.encode(errors="backslashreplace"))
    except OSError:  # there is no stderr
        return


def _after_in_child() -> None:
    global calls, _loading, _loader
    if _loader not in (None, get_ident()):
        calls = CUT_OFF
        _loader = None
    _loading = RLock()


os.register_at_fork(after_in_child=_after_in_child)
