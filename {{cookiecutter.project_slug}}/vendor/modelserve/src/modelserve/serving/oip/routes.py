"""The routes of the Open Inference Protocol: server, model, metadata."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Response

from ...errors import UnknownModelError
from ...manifest import Manifest
from ..components import Components
from ..invalid_rows import most_values
from ..json_route import make_json_route
from ..security import identify_with
from . import repository
from .binary import EXTENSION
from .schemas import InferError, InferRequest, InferResponse

ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": InferError, "description": "The request is wrong; everything is named."},
    "5XX": {"model": InferError, "description": "The service could not answer."},
}


def install(app: FastAPI, components: Components) -> None:
    """Add the routes to the application; inference is answered by the hot path."""
    settings, features = components.settings, components.codec.inputs.features
    kind = make_json_route(
        components.access, settings, most_values=most_values(len(features), settings.max_rows)
    )
    router = APIRouter(
        prefix="/v2", tags=["Open Inference Protocol"], responses=ERRORS, route_class=kind
    )
    manifest, codec = components.manifest, components.oip
    keys = [Depends(identify_with(components.access))]
    extensions = [EXTENSION]
    if components.settings.repository_api and components.reloader:
        extensions.append(repository.EXTENSION)
        repository.install(router, components, components.reloader)

    def check(name: str, version: str | None = None) -> None:
        if name != manifest.name or version not in (None, manifest.version):
            raise _unknown(manifest, name, version)

    @router.get("")
    async def server() -> dict[str, Any]:
        """Describe the server."""
        return {"name": manifest.name, "version": manifest.version, "extensions": extensions}

    @router.get("/health/live")
    async def live() -> dict[str, bool]:
        """Check liveness of the server."""
        return {"live": True}

    @router.get("/health/ready")
    async def ready() -> dict[str, bool]:
        """Check readiness of the server."""
        return {"ready": True}

    # A version is in the path or there is none: generated clients know no optional part of a path.
    @router.get("/models/{name}")
    async def describe(name: str) -> dict[str, Any]:
        """Describe the model: its tensors, their datatypes and shapes."""
        check(name)
        return codec.metadata()

    @router.get("/models/{name}/versions/{version}")
    async def describe_version(name: str, version: str) -> dict[str, Any]:
        """Describe a version of the model: its tensors, their datatypes and shapes."""
        check(name, version)
        return codec.metadata()

    @router.get("/models/{name}/ready")
    async def model_ready(name: str) -> dict[str, Any]:
        """Check readiness of the model."""
        check(name)
        return {"name": manifest.name, "ready": True}

    @router.get("/models/{name}/versions/{version}/ready")
    async def version_ready(name: str, version: str) -> dict[str, Any]:
        """Check readiness of a version of the model."""
        check(name, version)
        return {"name": manifest.name, "ready": True}

    # The hot path answers for the served model: any other is unknown.
    @router.post("/models/{name}/infer", response_model=InferResponse, dependencies=keys)
    async def infer(name: str, _: Annotated[InferRequest, Body()]) -> Response:
        """Answer named tensors with named tensors."""
        raise _unknown(manifest, name)

    @router.post(
        "/models/{name}/versions/{version}/infer", response_model=InferResponse, dependencies=keys
    )
    async def infer_by_version(
        name: str, version: str, _: Annotated[InferRequest, Body()]
    ) -> Response:
        """Answer named tensors with named tensors, by a version of the model."""
        raise _unknown(manifest, name, version)

    app.include_router(router)


def _unknown(served: Manifest, name: str, version: str | None = None) -> UnknownModelError:
    requested = f"{name}, version {version}" if version else name
    return UnknownModelError(
        f"There is no {requested} here; {served.name}, version {served.version}, is served."
    )
