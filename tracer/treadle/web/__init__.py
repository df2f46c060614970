"""Servers: a request that carries a `traceparent` is handled under the call that sent it.

    app = treadle.web.ASGIMiddleware(app)
    app = treadle.web.WSGIMiddleware(app)

`treadle.instrument()` does it for Starlette, FastAPI and Flask by itself.
"""

from treadle.web.asgi import ASGIMiddleware as ASGIMiddleware
from treadle.web.wsgi import WSGIMiddleware as WSGIMiddleware
