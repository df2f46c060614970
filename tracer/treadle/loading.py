"""What the first traced call loads: recording itself, OpenTelemetry and orjson, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types

_calls: types.ModuleType | None = None


def loaded() -> Any:
    """Return `treadle.call`, which loads OpenTelemetry and opens the journal: not before the first traced call."""
    global _calls
    if _calls is None:
        from treadle import call, propagation

        propagation.install()
        _calls = call
    return _calls
