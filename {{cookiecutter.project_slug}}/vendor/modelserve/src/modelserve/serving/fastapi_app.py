"""The FastAPI application: documentation, health, metrics, feedback, and the project's routers."""

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from .. import errors
from . import docs_page, feedback_routes, openapi, problems, routes
from .body import gone
from .components import Components
from .oip import routes as protocol_routes
from .problems import ErrorResponses
from .schemas import request_error
from .security import identify_with
from .status_routes import form_of


def create_fastapi_app(components: Components) -> FastAPI:
    """Return the application for all requests but predictions."""
    docs = components.settings.docs
    make = FastAPIOffline if docs else FastAPI
    app: FastAPI = make(
        title=components.manifest.name,
        description=components.manifest.description,
        version=components.manifest.version,
        openapi_url="/openapi.json" if docs else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    answer_problems(app, components.error_responses)
    accept_slashes(app)
    openapi.install(app)
    routes.install(app, components)
    feedback_routes.install(app, components)
    protocol_routes.install(app, components)
    if docs:  # before the project's routes, one of which may match every path
        docs_page.install(app)
    for router in components.routers:
        app.include_router(
            router,
            dependencies=[Depends(identify_with(components.access))],
            responses=routes.problem_responses(*routes.BODY_PROBLEMS),
        )
    if docs:
        app.openapi()  # here in its thread, for it takes as long as hundreds of predictions
    return app


def accept_slashes(app: FastAPI) -> None:
    """Answer a path with a slash at its end as the one without it, and the other way round.

    FastAPI would redirect to an address that it takes from the Host header, and without TLS.
    """
    not_found = app.router.default

    async def try_other_path(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or docs_page.ASKED_PATH in scope:
            await not_found(scope, receive, send)
            return
        scope[docs_page.ASKED_PATH] = path
        scope["path"] = path[:-1] if path.endswith("/") else f"{path}/"
        await app.router.app(scope, receive, send)

    app.router.default = try_other_path


def answer_problems(app: FastAPI, responses: ErrorResponses) -> None:
    """Turn the errors of FastAPI's routes into problems."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, RequestValidationError):
            error = request_error(error.errors(), skip=1, body=error.body)
        if isinstance(error.__cause__, errors.RequestError):
            error = error.__cause__  # FastAPI wraps an error while it reads a body
        if isinstance(error, ClientDisconnect) or isinstance(error.__cause__, ClientDisconnect):
            error = gone()
        context = request.state.context
        if isinstance(error, errors.RequestError):
            context.error, context.reason = type(error).__name__, problems.classify(error)[1]
        answered = form_of(request.scope, responses)(error, context.request_id)
        headers = {name.decode(): value.decode() for name, value in answered.headers}
        if "GET" in (allowed := headers.get("allow", "").split(", ")):
            headers["allow"] = ", ".join(sorted({*allowed, "HEAD"}))
        return Response(answered.body, answered.status, headers)

    for kind in (
        errors.ServiceError,
        RequestValidationError,
        HTTPException,
        ClientDisconnect,
        Exception,
    ):
        app.add_exception_handler(kind, answer)
