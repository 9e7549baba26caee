"""The routes that the framework serves, and the typed documentation of the hot one."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from ..artifact import Manifest
from . import playground
from .components import Components
from .json_route import make_json_route
from .schemas import Problem
from .security import identify_with

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The body is no JSON.",
        401: "A key is needed, or not known.",
        408: "The body came too slowly.",
        413: "The body is too long.",
        422: "Fields are wrong; each one is named.",
        503: "Too many predictions are under way; see Retry-After.",
        504: "The model took too long.",
    }.items()
}


def install(app: FastAPI, components: Components) -> None:
    """Add the routes to the application."""
    app.include_router(prediction(components))
    app.include_router(status(components))
    if components.settings.docs:
        app.include_router(page(components))


def prediction(components: Components) -> APIRouter:
    """Return the route that documents predictions; it answers as the hot path does."""
    kind = make_json_route(components.access, components.settings)
    router = APIRouter(tags=["predictions"], route_class=kind)
    codec = components.codec
    body = Body(examples=[{"instances": [codec.inputs.example()]}])

    @router.post(
        components.settings.predict_route,
        response_model=codec.response,
        responses=PROBLEMS,
        dependencies=[Depends(identify_with(components.access))],
    )
    async def predict(
        request: Request,
        rows: Annotated[codec.request, body],  # type: ignore[name-defined]
    ) -> Response:
        """Answer one prediction a row, in the order of the rows."""
        given = codec.gather(rows["instances"])
        answer = codec.encode(
            given, components.predictor.predict(given), request.state.context.inference_id
        )
        return Response(answer, media_type="application/json")

    return router


def status(components: Components) -> APIRouter:
    """Return the routes by which a platform and a person look at the service."""
    router = APIRouter(tags=["status"])
    manifest = components.manifest

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        """Tell that the process answers."""
        return {"status": "live"}

    @router.get(components.settings.health_route)
    async def ready() -> dict[str, str | bool]:
        """Tell that the model is loaded, and whether the prior answers in its place."""
        return {
            "status": "ready",
            "model_name": manifest.name,
            "model_version": manifest.version,
            "degraded": components.predictor.failing,
        }

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Return the service's series for Prometheus."""
        components.log_queue.flush()
        text = components.registry.expose()
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/model")
    async def model() -> Manifest:
        """Return the manifest of the model that is served."""
        return manifest

    return router


def page(components: Components) -> APIRouter:
    """Return the page on which a person tries the model by hand."""
    router = APIRouter(include_in_schema=False)
    drawn = playground.draw(
        components.manifest,
        components.codec.inputs.form(),
        predict_route=components.settings.predict_route,
        key_required=components.access.required,
    )

    @router.get("/", response_class=HTMLResponse)
    async def show() -> HTMLResponse:
        return HTMLResponse(drawn, headers=playground.HEADERS)

    return router
