"""Creates the FastAPI application on the first request for it, to shorten the cold start."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

# A prediction waits so long for the GIL, each time that it needs it; Python's own is 5 ms.
SWITCH_INTERVAL_S = 0.0005


class LazyApp:
    """An ASGI application that creates another one on demand, in a thread.

    Building the documented routes takes longer than loading the model. Predictions and health
    checks need none of them, and are answered meanwhile.

    Args:
        make: returns the application; called once, by its first request.
        lifespan: runs from the server's start to its end.
    """

    def __init__(self, make: Callable[[], ASGIApp], lifespan: Lifespan[ASGIApp]) -> None:
        """Create nothing yet."""
        self._make = make
        self._life = Router(lifespan=lifespan)
        self._app: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or the server's own messages."""
        if scope["type"] == "lifespan":
            await self._life(scope, receive, send)
            return
        app = self._app
        if app is None:
            app = await asyncio.to_thread(self._build)
        await app(scope, receive, send)

    def _build(self) -> ASGIApp:
        """Return the application: one request creates it, the others wait in their threads."""
        with self._making:
            if self._app is None:
                with yielding():
                    self._app = self._make()
            return self._app


@contextmanager
def yielding() -> Iterator[None]:
    """Let the event loop interrupt this thread often, and never wait for a whole collection."""
    interval_s, collecting = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
        if collecting:
            gc.enable()
