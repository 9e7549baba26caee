"""The route for feedback."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI

from .components import Components
from .feedback_metrics import truth_field
from .json_route import make_json_route
from .routes import PROBLEMS
from .security import identify_with


def install(app: FastAPI, components: Components) -> None:
    """Add the route to the application."""
    kind = make_json_route(components.access, components.settings)
    router = APIRouter(tags=["feedback"], route_class=kind)
    feedback, manifest = components.feedback, components.manifest
    truth = manifest.labels[0] if manifest.labels else manifest.fallback[0]
    example = {"outcomes": [{"inference_id": "0" * 32, truth_field(manifest): truth}]}
    body = Body(examples=[example])

    @router.post(
        "/feedback",
        response_model=feedback.response,
        responses={status: PROBLEMS[status] for status in (400, 401, 408, 413, 422)},
        dependencies=[Depends(identify_with(components.access))],
    )
    async def send_feedback(outcomes: Annotated[feedback.request, body]) -> Any:  # type: ignore[name-defined]
        """Tell what was right, by the answers' inference ids; return how many rows became what."""
        components.log_queue.flush()  # the latest predictions must be cached
        return feedback.take(outcomes["outcomes"], time_s=time.time())

    app.include_router(router)
