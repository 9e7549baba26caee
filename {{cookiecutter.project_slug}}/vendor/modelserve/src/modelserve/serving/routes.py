"""The routes for health, metrics, the manifest and the page; predictions are only documented."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Response
from fastapi.responses import HTMLResponse

from ..manifest import Manifest
from . import playground
from .components import Components
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
    """Return the route that documents predictions: the hot path answers them."""
    router = APIRouter(tags=["predictions"])
    codec = components.codec
    body = Body(examples=[{"instances": [codec.inputs.example()]}])

    @router.post(
        components.settings.predict_route,
        response_model=codec.response,
        responses=PROBLEMS,
        dependencies=[Depends(identify_with(components.access))],
    )
    async def predict(
        rows: Annotated[codec.request, body],  # type: ignore[name-defined]
    ) -> Response:
        """Answer one prediction a row, in the order of the rows."""
        raise NotImplementedError(f"The hot path answers these {len(rows)} fields.")

    return router


def status(components: Components) -> APIRouter:
    """Return the routes for health, metrics and the manifest."""
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
    """Return the route of the page for trying the model."""
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
