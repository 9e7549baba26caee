"""The routes of the Open Inference Protocol: server, model, metadata."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from ...errors import UnknownModelError
from ...manifest import Manifest
from ..components import Components
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
    make = partial(APIRouter, prefix="/v2", tags=["Open Inference Protocol"], responses=ERRORS)
    router, inference = make(), make(route_class=make_unknown_route(components))
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

    @inference.post("/models/{name}/infer", response_model=InferResponse, dependencies=keys)
    # pylint: disable-next=unused-argument  # what is documented
    async def infer(name: str, _: Annotated[InferRequest, Body()]) -> None:
        """Answer named tensors with named tensors."""

    @inference.post(
        "/models/{name}/versions/{version}/infer", response_model=InferResponse, dependencies=keys
    )
    # pylint: disable-next=unused-argument  # what is documented
    async def infer_by_version(name: str, version: str, _: Annotated[InferRequest, Body()]) -> None:
        """Answer named tensors with named tensors, by a version of the model."""

    app.include_router(router)
    app.include_router(inference)


def make_unknown_route(components: Components) -> type[APIRoute]:
    """Return the class of routes that are only documented: the hot path answers for the model.

    Any other model is unknown, whatever the body holds: it may be in binary, and is not read.
    """
    access, manifest = components.access, components.manifest

    class UnknownModelRoute(APIRoute):
        """A route that answers by an error."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """Return the handler, which checks the key first."""

            async def refuse(request: Request) -> Response:
                headers = dict(request.scope["headers"])
                request.state.context.consumer = access.identify(headers)
                raise _unknown(manifest, **request.path_params)

            return refuse

    return UnknownModelRoute


def _unknown(served: Manifest, name: str, version: str | None = None) -> UnknownModelError:
    requested = f"{name}, version {version}" if version else name
    return UnknownModelError(
        f"There is no {requested} here; {served.name}, version {served.version}, is served."
    )
