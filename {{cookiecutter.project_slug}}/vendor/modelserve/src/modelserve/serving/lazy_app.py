"""Creates the FastAPI application on the first request for it, to shorten the cold start."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

FASTAPI_CACHES = "fastapi.dependencies.models"
# A prediction waits so long for the GIL, each time that it needs it; Python's own is 5 ms.
SWITCH_INTERVAL_S = 0.0005


class LazyApp:
    """An ASGI application that creates another one on demand, in a thread.

    Building the documented routes takes longer than loading the model. Predictions and health
    checks need none of them, and are answered meanwhile.

    Args:
        make: returns the application; called once, by its first request.
    """

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        """Create nothing yet."""
        self._make = make
        self._app: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app = self._app
        if app is None:
            app = await asyncio.to_thread(self.build)
        await app(scope, receive, send)

    @property
    def built(self) -> bool:
        """Return whether a request has needed the application."""
        return self._app is not None

    def build(self) -> ASGIApp:
        """Return the application: one request creates it, the others wait in their threads."""
        with self._making:
            if self._app is None:
                with yielding():
                    self._app = self._make()
            return self._app


def forget_endpoints() -> None:
    """Empty FastAPI's caches of endpoints, which keep those of applications that are closed.

    They hold thousands of functions, and so the models of hundreds of generations.
    """
    for each in [*vars(sys.modules.get(FASTAPI_CACHES, object)).values()]:
        if clear := getattr(each, "cache_clear", None):
            clear()


class Switching:
    """The threads that ask for a short switch interval, which is the whole process's."""

    def __init__(self) -> None:
        """Start with none."""
        self.lock = threading.Lock()
        self.threads = 0
        self.interval_s = 0.0  # before


SWITCHING = Switching()


@contextmanager
def yielding() -> Iterator[None]:
    """Let the event loop interrupt this thread often, and never wait for a whole collection."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with switching_often():
            yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def switching_often() -> Iterator[None]:
    """Let the event loop interrupt this thread often; several threads may ask for it at once."""
    with SWITCHING.lock:
        if not SWITCHING.threads:
            SWITCHING.interval_s = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_INTERVAL_S)
        SWITCHING.threads += 1
    try:
        yield
    finally:
        with SWITCHING.lock:
            SWITCHING.threads -= 1
            if not SWITCHING.threads:
                sys.setswitchinterval(SWITCHING.interval_s)
