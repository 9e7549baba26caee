"""What SageMaker asks in a way of its own: whether the service is there, and for predictions."""

from starlette.types import ASGIApp, Receive, Scope, Send

from . import problems
from .hot_path import Route
from .invocations import Invocations
from .service import Service

INVOCATIONS = "/invocations"
EMPTY = (b"content-length", b"0")
ROUTES = (INVOCATIONS,)  # on which it asks for predictions, as series and log lines call them


def predictions(service: Service) -> dict[str, Route]:
    """Return further paths on which predictions are asked for, and how."""
    choice = Invocations(service)
    return {INVOCATIONS: Route(INVOCATIONS, service.codec, problems.problem, choice)}


def around(app: ASGIApp) -> ASGIApp:
    """Return an application that answers what else the platform asks, and passes the rest on."""
    return Ping(app)


class Ping:
    """Answers `GET /ping`: the process listens once its model is loaded, and not before.

    Without the framework, whose making a first ping would wait for. A model that fails is no
    reason to be replaced: the prior answers in its place, which an alarm tells.

    Args:
        app: answers all else.
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
