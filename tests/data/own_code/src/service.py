"""The HTTP service: the library's, and a route that lists what was answered unsurely."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import modelserve

from . import logs
from .audit import UnsureAnswers
from .settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Service(modelserve.Service):
    """The library's service, with an observer and a route of its own."""

    settings_class = Settings
    settings: Settings

    @cached_property
    def unsure(self) -> UnsureAnswers:
        """Return the observer, whose findings the route lists."""
        return UnsureAnswers(self.registry, self.settings.unsure_below)

    def observers(self) -> list[modelserve.RequestObserver]:
        """Watch for unsure answers."""
        return [self.unsure]

    def routers(self) -> list[Any]:
        """Answer GET /unsure."""
        from fastapi import APIRouter  # pylint: disable=import-outside-toplevel

        router = APIRouter()

        @router.get("/unsure")
        async def unsure() -> list[str]:
            """List the latest requests with an unsure answer."""
            return list(self.unsure.latest)

        return [router]


def create_app() -> "ASGIApp":
    """Return the ASGI application; each server process calls this once."""
    settings = Settings.load()
    return Service(settings).create_app(logs.configure(settings))
