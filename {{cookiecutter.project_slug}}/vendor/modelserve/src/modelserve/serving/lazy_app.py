"""The framework's application, made when it is first asked: a cold start need not wait for it."""

from collections.abc import Callable
from functools import cached_property

from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send


class LazyApp:
    """An ASGI application that another is made for.

    Building the documented routes takes about as long as loading the model, and the first
    prediction needs none of them.

    Args:
        make: returns the application; called once, by the first request that is for it.
        lifespan: runs from the server's start to its end.
    """

    def __init__(self, make: Callable[[], ASGIApp], lifespan: Lifespan[ASGIApp]) -> None:
        """Make nothing yet."""
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
