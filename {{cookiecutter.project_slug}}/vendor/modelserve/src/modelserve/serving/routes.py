"""FastAPI's routes for predictions, health, metrics, the manifest and the page."""

# Predictions, health and metrics are only documented: the hot path and `status_routes` answer them.

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from ..manifest import Manifest
from . import playground
from .components import Components
from .schemas import Problem
from .security import identify_with
from .status_routes import PING, Liveness, Readiness

Responses = dict[int | str, dict[str, Any]]

PROBLEMS: Responses = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The body is not valid JSON.",
        401: "A key is required, or the key is unknown.",
        406: "No supported content type is accepted.",
        408: "The body did not arrive in time.",
        413: "The body is too large.",
        415: "The content type or the content encoding is not supported.",
        422: "Fields are invalid; each of them is named.",
        500: "The service failed; the log has the request's id.",
        503: "The service is overloaded; see Retry-After.",
        504: "The model took too long.",
    }.items()
}
BODY_PROBLEMS = (400, 401, 408, 413, 415, 422, 500, 503)  # of every route that reads a body


def problem_responses(*statuses: int) -> Responses:
    """Return the documentation of some problems."""
    return {status: PROBLEMS[status] for status in statuses}


def install(app: FastAPI, components: Components) -> None:
    """Add the routes to the application."""
    app.include_router(predictions(components))
    app.include_router(status(components))
    if components.settings.docs:
        app.include_router(page(components))


def predictions(components: Components) -> APIRouter:
    """Return the routes that document predictions: the hot path answers them."""
    keys = [Depends(identify_with(components.access))]
    router = APIRouter(
        tags=["predictions"],
        responses=problem_responses(*BODY_PROBLEMS, 504),
        dependencies=keys,
    )
    codec = components.codec
    body = Body(examples=[{"instances": [codec.inputs.example()]}])
    Rows = Annotated[codec.request, body]  # type: ignore[name-defined]

    @router.post(components.settings.predict_route, response_model=codec.response)
    async def predict(rows: Rows) -> Response:
        """Answer one prediction per row, in the order of the rows."""
        raise NotImplementedError(f"The hot path answers these {len(rows)} fields.")

    if components.settings.platform == "sagemaker":
        from .sagemaker.content_types import CSV, JSON_LINES  # pylint: disable=C0415
        from .sagemaker.platform import INVOCATIONS  # pylint: disable=C0415

        texts = {"content": {kind: {"schema": {"type": "string"}} for kind in (CSV, JSON_LINES)}}
        router.add_api_route(
            INVOCATIONS,
            predict,
            methods=["POST"],
            name="invoke",
            description="The same for SageMaker, also as CSV or JSON lines.",
            response_model=codec.response,
            responses={200: texts, **problem_responses(406)},
            openapi_extra={"requestBody": texts},
        )
    return router


def status(components: Components) -> APIRouter:
    """Return the routes for health, metrics and the manifest."""
    closed = components.settings.keys_required_for == "all"
    keys = [Depends(identify_with(components.access))] if closed else []
    responses = problem_responses(401) if closed else {}
    router = APIRouter(tags=["status"])

    @router.get("/health/live")
    async def check_liveness() -> Liveness:
        """Return 200 while the process answers."""
        raise NotImplementedError

    @router.get(components.settings.health_route)
    async def check_readiness() -> Readiness:
        """Return 200 once the model is loaded; `degraded` if the fallback answers in its place."""
        raise NotImplementedError

    if components.settings.platform == "sagemaker":

        @router.get(PING, response_class=Response)
        async def ping() -> Response:
            """Return 200 once the model is loaded, for SageMaker."""
            raise NotImplementedError

    @router.get(
        "/metrics", response_class=PlainTextResponse, dependencies=keys, responses=responses
    )
    async def get_metrics() -> str:
        """Return the metrics in the text format of Prometheus."""
        raise NotImplementedError

    @router.get("/model", dependencies=keys, responses=responses)
    async def get_manifest() -> Manifest:
        """Return the manifest of the served model."""
        return components.manifest

    if challenger := components.challenger:

        @router.get("/model/challenger", dependencies=keys, responses=responses)
        async def get_challenger() -> Manifest:
            """Return the manifest of the challenger, which is compared with the served model."""
            return challenger

    return router


def page(components: Components) -> APIRouter:
    """Return the route of the page for trying the model."""
    router = APIRouter(include_in_schema=False)
    drawn = playground.draw(
        components.manifest,
        components.codec.inputs.form(),
        components.settings,
        key_required=components.access.required,
        catalogue=components.catalogue,
    )

    @router.get("/", response_class=HTMLResponse)
    async def show() -> HTMLResponse:
        return HTMLResponse(drawn, headers=playground.HEADERS)

    return router
