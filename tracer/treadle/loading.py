"""What the first traced call loads: recording itself, OpenTelemetry and orjson, and not before."""

from __future__ import annotations

import os
from _thread import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types

_calls: types.ModuleType | None = None
_loading = RLock()
"""Held over a fork: a child that is made while a thread imports would wait for that thread's import for ever."""


def loaded() -> Any:
    """Return `treadle.call`, which loads OpenTelemetry and opens the journal: not before the first traced call."""
    return _calls or _load()


def _load() -> Any:
    global _calls
    with _loading:
        from treadle import call, propagation

        propagation.install()
        _calls = call
    return _calls


os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)
