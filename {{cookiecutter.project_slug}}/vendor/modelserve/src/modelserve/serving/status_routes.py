"""Health checks and metrics, answered without FastAPI, which only documents them."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import TypedDict

from .components import Components
from .problems import Answer, ErrorResponses

JSON = (b"content-type", b"application/json")
METRICS = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
PING = "/ping"


class Liveness(TypedDict):
    """The process answers."""

    status: Literal["live"]


class Readiness(TypedDict):
    """The model is loaded; `degraded`: the fallback answers in its place."""

    status: Literal["ready"]
    model_name: str
    model_version: str
    degraded: bool


class PlainRoute(NamedTuple):
    """A GET route: its path, its answer, and whether it is a health check."""

    path: str
    answer: Callable[[], Answer]
    health: bool = True


def routes(components: Components) -> list[PlainRoute]:
    """Return the routes that need no FastAPI."""
    settings, manifest = components.settings, components.manifest

    def ready() -> Answer:
        return _json(
            Readiness(
                status="ready",
                model_name=manifest.name,
                model_version=manifest.version,
                degraded=components.predictor.failing,
            )
        )

    def metrics() -> Answer:
        components.log_queue.flush()
        return Answer(200, [METRICS], components.registry.expose())

    answers = [
        PlainRoute("/health/live", lambda: _json(Liveness(status="live"))),
        PlainRoute(settings.health_route, ready),
        PlainRoute("/v2/health/live", lambda: _json({"live": True})),
        PlainRoute("/v2/health/ready", lambda: _json({"ready": True})),
        PlainRoute("/metrics", metrics, health=False),
    ]
    if settings.platform == "sagemaker":
        # The process listens once its model is loaded. A failing model is no reason to replace
        # the container: the fallback answers in its place, and an alarm reports it.
        answers.append(PlainRoute(PING, lambda: Answer(200, [], b"")))
    return answers


def form_of(scope: Scope, responses: ErrorResponses) -> Callable[[Exception, str], Answer]:
    """Return what makes the error's body: below /v2, the protocol has a form of its own."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return responses.protocol_error if f"{path}/".startswith("/v2/") else responses.problem


class StatusRoutes:
    """Answers health checks and metrics, and asks for keys where every route needs one.

    HEAD is answered as GET, without the body; a path may end with a slash.

    Args:
        app: answers everything else.
        components: of the service.
    """

    def __init__(self, app: ASGIApp, components: Components) -> None:
        """List the routes by path."""
        self._app = app
        self._access, self._error_responses = components.access, components.error_responses
        self._closed = components.settings.keys_required_for == "all"
        self._routes = {
            path: route for route in routes(components) for path in (route.path, f"{route.path}/")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on; an error is answered, and left to the caller to log."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # A copy: by its own scope, the server knows that no body follows.
            asked, scope, send = scope, {**scope, "method": "GET"}, without_body(send)
        else:
            asked = scope
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._answer(scope, receive, note_start)
        except Exception as error:
            if not started:
                context = scope["state"]["context"]
                write = form_of(scope, self._error_responses)
                await _send(write(error, context.request_id), send)
            raise
        finally:
            asked["route"] = scope.get("route")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get(scope["path"]) if scope["method"] == "GET" else None
        if self._closed and not (route and route.health):
            context = scope["state"]["context"]
            context.consumer = self._access.identify(context.headers)
        if route:
            scope["route"] = route  # by its path, metrics and log lines name the request
            await _send(route.answer(), send)
            return
        if scope.get("root_path"):
            scope["path"] = scope["root_path"] + scope["path"]  # as ASGI has it
        await self._app(scope, receive, send)


def without_body(send: Send) -> Send:
    """Return a `send` that drops the body of a response; its headers stay as they are."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


def _json(content: Any) -> Answer:
    return Answer(200, [JSON], to_json(content))


async def _send(answer: Answer, send: Send) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [*answer.headers, length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
