"""The FastAPI application: documentation, health, metrics, feedback, and the project's routers."""

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from .. import errors
from . import feedback_routes, problems, routes
from .components import Components
from .oip import routes as protocol_routes
from .schemas import request_error
from .security import identify_with


def create_fastapi_app(components: Components) -> FastAPI:
    """Return the application for all requests but predictions."""
    docs = components.settings.docs
    make = FastAPIOffline if docs else FastAPI
    app: FastAPI = make(
        title=components.manifest.name,
        description=components.manifest.description,
        version=components.manifest.version,
        openapi_url="/openapi.json" if docs else None,
        redoc_url=None,
    )
    answer_problems(app)
    routes.install(app, components)
    feedback_routes.install(app, components)
    protocol_routes.install(app, components)
    for router in components.routers:
        app.include_router(
            router,
            dependencies=[Depends(identify_with(components.access))],
            responses={status: routes.PROBLEMS[status] for status in (401, 408, 413)},
        )
    return app


def answer_problems(app: FastAPI) -> None:
    """Turn the errors of FastAPI's routes into problems."""

    async def answer(request: Request, error: Exception) -> Response:
        make = problems.protocol_error if request.url.path.startswith("/v2") else problems.problem
        if isinstance(error, RequestValidationError):
            error = request_error(error.errors(), skip=1)
        if isinstance(error.__cause__, errors.RequestError):
            error = error.__cause__  # FastAPI wraps an error while it reads a body
        context = request.state.context
        if isinstance(error, errors.RequestError):
            context.error, context.reason = type(error).__name__, problems.classify(error)[1]
        answered = make(error, context.request_id)
        headers = {name.decode(): value.decode() for name, value in answered.headers}
        return Response(answered.body, answered.status, headers)

    for kind in (errors.ServiceError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
