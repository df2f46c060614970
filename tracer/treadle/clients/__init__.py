"""Thin patches of model clients: the exact request, every chunk, the answer as the client's own object.

A client is patched when the program imports it, so that instrumenting imports none.
"""

import importlib.util
import sys

from treadle.clients import openai
from treadle.clients.importing import Patch, when_imported
from treadle.config import is_disabled
from treadle.web import frameworks

_PATCHES: dict[str, dict[str, Patch]] = {"openai": openai.PATCHES}
"""By client: which of its modules are patched, and how."""


def instrument() -> list[str]:
    """Record the calls of every supported client that is installed; returns their names.

    Starlette, FastAPI and Flask handle requests that carry a `traceparent` under the span that it names.
    A second time does nothing more. With `TREADLE_DISABLED` it patches nothing.
    """
    if is_disabled():
        return []
    installed = [client for client in _PATCHES if _is_installed(client)]
    for client in installed:
        for module, patch in _PATCHES[client].items():
            when_imported(module, patch)
    for module, patch in frameworks.PATCHES.items():
        when_imported(module, patch)
    return installed


def _is_installed(client: str) -> bool:
    try:
        return client in sys.modules or importlib.util.find_spec(client) is not None
    except ValueError:
        return False
