"""The route for feedback."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI

from .components import Components
from .feedback import MOST
from .feedback_metrics import truth_field
from .json_route import make_json_route
from .routes import BODY_PROBLEMS, problem_responses
from .security import identify_with

MOST_VALUES = 8 * MOST  # an outcome has four fields


def install(app: FastAPI, components: Components) -> None:
    """Add the route to the application."""
    kind = make_json_route(components.access, components.settings, most_values=MOST_VALUES)
    router = APIRouter(tags=["feedback"], route_class=kind)
    feedback, manifest = components.feedback, components.manifest
    truth = manifest.labels[0] if manifest.labels else manifest.fallback[0]
    example = {"outcomes": [{"inference_id": "0" * 32, truth_field(manifest): truth}]}
    body = Body(examples=[example])

    @router.post(
        "/feedback",
        response_model=feedback.response,
        responses=problem_responses(*BODY_PROBLEMS),
        dependencies=[Depends(identify_with(components.access))],
    )
    async def send_feedback(outcomes: Annotated[feedback.request, body]) -> Any:  # type: ignore[name-defined]
        """Send true labels or values by inference id; return how many rows were counted."""
        statuses = await components.feedback_exchange.resolve(outcomes["outcomes"])
        return feedback.store(outcomes["outcomes"], statuses, time_s=time.time())

    app.include_router(router)
