"""The protocol's extension for a model repository: load the artifact in MODEL_DIR, list it."""

import multiprocessing
import os
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from pydantic_core import from_json

from ...errors import (
    AccessError,
    FieldError,
    InvalidInputError,
    MalformedError,
    UnknownModelError,
)
from ..components import Components
from ..problems import ErrorResponses
from ..reloading.hang_up import send_hang_up
from ..reloading.reloader import Reloader
from ..schemas import json_fault
from ..security import identify_with
from ..shared_folder import WORKERS

EXTENSION = "model_repository"


class IndexEntry(BaseModel):
    """A model of the repository."""

    name: str
    version: str
    state: Literal["READY"]
    reason: str = ""


def install(router: APIRouter, components: Components, reloader: Reloader) -> None:
    """Add the routes to the protocol's router.

    Args:
        router: with the prefix /v2.
        components: of the service; its settings name the consumers that may use the routes.
        reloader: loads the artifact.
    """
    operators = components.settings.repository_api
    identify, responses = identify_with(components.access), components.error_responses

    async def authorize(consumer: Annotated[str, Depends(identify)]) -> None:
        if consumer not in operators:
            raise AccessError("This key is not one that may load models: see REPOSITORY_API.")

    keys = [Depends(authorize)]

    @router.post("/repository/index", dependencies=keys)
    async def list_models() -> list[IndexEntry]:
        """List the models of the repository: the served one, which is ready."""
        served = reloader.served
        return [IndexEntry(name=served.name, version=served.version, state="READY")]

    @router.post("/repository/models/{name}/load", dependencies=keys, response_class=Response)
    async def load(name: str, request: Request) -> Response:
        """Load the artifact in MODEL_DIR; return once it is served, or was refused."""
        check_load_request(await request.body())
        if name != reloader.served.name:
            raise UnknownModelError(f"{reloader.served.name} is served here, not {name}.")
        outcome = await reloader.request("repository API")
        if outcome.result == "refused":
            return refuse(f"The model is not loaded: {outcome.reason}", responses)
        if WORKERS in os.environ and (parent := multiprocessing.parent_process()):
            send_hang_up([parent.pid])  # which passes it on to the other workers
        return Response()

    @router.post("/repository/models/{name}/unload", dependencies=keys)
    async def unload(name: str) -> Response:
        """Refuse to unload: one model is always served."""
        return refuse(f"{name} cannot be unloaded: stop the service instead.", responses)


def check_load_request(body: bytes) -> None:
    """Check that a request asks for nothing else than the artifact in MODEL_DIR.

    Raises:
        MalformedError: the body is neither empty nor a JSON object.
        InvalidInputError: it has parameters, such as Triton's `config`.
    """
    try:
        content = from_json(body or b"{}")
    except ValueError as error:
        fault = json_fault(body, error)
        raise MalformedError(f"The body is no valid JSON: {fault}.") from error
    if not isinstance(content, dict):
        raise MalformedError("The body is no JSON object.")
    if content.get("parameters"):
        detail = "is not supported: MODEL_DIR alone decides what is loaded"
        raise InvalidInputError([FieldError("/parameters", detail)])


def refuse(reason: str, responses: ErrorResponses) -> Response:
    """Return the protocol's response to a request that was refused."""
    answer = responses.refusal(reason)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)
