"""Where a client tells what turned out to be true."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI

from .json_route import make_json_route
from .outcomes import TRUTH
from .routes import PROBLEMS
from .security import identify_with
from .service import Service


def install(app: FastAPI, service: Service) -> None:
    """Add the route to the application."""
    kind = make_json_route(service.access, service.settings)
    router = APIRouter(tags=["feedback"], route_class=kind)
    feedback, prior = service.feedback, service.manifest.prior
    truth = service.manifest.labels[0] if service.manifest.labels else prior[0]
    example = {"outcomes": [{"inference_id": "0" * 32, TRUTH: truth}]}
    body = Body(examples=[example])

    @router.post(
        "/feedback",
        response_model=feedback.response,
        responses={status: PROBLEMS[status] for status in (400, 401, 408, 413, 422)},
        dependencies=[Depends(identify_with(service.access))],
    )
    async def tell(outcomes: Annotated[feedback.request, body]) -> Any:  # type: ignore[name-defined]
        """Tell what was right, by the answers' inference ids; return how many rows became what."""
        service.journal.hand_over()  # an answer of a moment ago must be known
        return feedback.take(outcomes["outcomes"], time_s=time.time())

    app.include_router(router)
