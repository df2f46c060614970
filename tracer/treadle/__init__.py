"""Treadle: a debugger for chains of models.

    import treadle

    @treadle.trace
    def answer(question: str) -> str: ...

Importing this loads nothing heavy; the first traced call does.
"""

from typing import TYPE_CHECKING, Any

from treadle.decorators import span, trace

if TYPE_CHECKING:
    from treadle.clients import instrument
    from treadle.continuing import continued
    from treadle.running import current, headers
    from treadle.scoring import score
    from treadle.settings import configure
    from treadle.taught import codec

__all__ = ["codec", "configure", "continued", "current", "headers", "instrument", "score", "span", "trace"]

_LATER = {
    "codec": "treadle.taught",
    "configure": "treadle.settings",
    "continued": "treadle.continuing",
    "current": "treadle.running",
    "headers": "treadle.running",
    "instrument": "treadle.clients",
    "score": "treadle.scoring",
}


def __getattr__(name: str) -> Any:
    """Load the less common names when they are first used."""
    if name not in _LATER:
        raise AttributeError(f"module 'treadle' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
