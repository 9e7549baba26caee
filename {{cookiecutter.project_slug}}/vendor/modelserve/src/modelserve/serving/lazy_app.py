"""Creates the FastAPI application on the first request for it, to shorten the cold start."""

from collections.abc import Callable
from functools import cached_property

from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send


class LazyApp:
    """An ASGI application that creates another one on demand.

    Building the documented routes takes about as long as loading the model, and the first
    prediction needs none of them.

    Args:
        make: returns the application; called once, by its first request.
        lifespan: runs from the server's start to its end.
    """

    def __init__(self, make: Callable[[], ASGIApp], lifespan: Lifespan[ASGIApp]) -> None:
        """Create nothing yet."""
        self._make = make
        self._life = Router(lifespan=lifespan)

    @cached_property
    def app(self) -> ASGIApp:
        """Return the application."""
        return self._make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or the server's own messages."""
        answer = self._life if scope["type"] == "lifespan" else self.app
        await answer(scope, receive, send)
