"""Starlette, FastAPI (which is one) and Flask, patched when the program imports them."""

import functools
from types import ModuleType
from typing import Any

from treadle.clients.importing import Patch
from treadle.continuing import continued
from treadle.web.asgi import headers_of
from treadle.web.wsgi import handle


def _patch_starlette(module: ModuleType) -> None:
    original = module.Starlette.__call__

    @functools.wraps(original)
    async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:  # noqa: N807 - stands in for one
        with continued(headers_of(scope)):
            await original(self, scope, receive, send)

    module.Starlette.__call__ = __call__


def _patch_flask(module: ModuleType) -> None:
    original = module.Flask.__call__

    @functools.wraps(original)
    def __call__(self: Any, environ: Any, start_response: Any) -> Any:  # noqa: N807 - stands in for one
        return handle(functools.partial(original, self), environ, start_response)

    module.Flask.__call__ = __call__


PATCHES: dict[str, Patch] = {"starlette.applications": _patch_starlette, "flask.app": _patch_flask}
"""By module."""
