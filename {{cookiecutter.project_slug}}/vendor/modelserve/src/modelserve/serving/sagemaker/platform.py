"""SageMaker's container contract: `GET /ping` and `POST /invocations`."""

from starlette.types import ASGIApp, Receive, Scope, Send

from .. import problems
from ..components import Components
from ..hot_path import Route
from .invocations import Invocations

INVOCATIONS = "/invocations"
EMPTY = (b"content-length", b"0")


def predictions(components: Components) -> dict[str, Route]:
    """Return the routes on which SageMaker asks for predictions."""
    negotiator = Invocations(components)
    return {INVOCATIONS: Route(INVOCATIONS, components.codec, problems.problem, negotiator)}


class Ping:
    """Answers `GET /ping` with 200: the process listens once its model is loaded, not before.

    It does not wait for FastAPI. A failing model is no reason to replace the container: the
    fallback answers in its place, and an alarm reports it.

    Args:
        app: answers everything else.
    """

    path = "/ping"

    def __init__(self, app: ASGIApp) -> None:
        """Know nothing but the other application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200 with an empty body."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("GET", self.path):
            await self._app(scope, receive, send)
            return
        scope["route"] = self  # by its path, series and log lines name the request
        await send({"type": "http.response.start", "status": 200, "headers": [EMPTY]})
        await send({"type": "http.response.body", "body": b""})
