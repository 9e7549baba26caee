"""SageMaker's container contract: `POST /invocations`; `GET /ping` is a status route."""

from ..components import Components
from ..hot_path import Route
from .invocations import Invocations

INVOCATIONS = "/invocations"


def predictions(components: Components) -> dict[str, Route]:
    """Return the routes on which SageMaker asks for predictions."""
    negotiator, problem = Invocations(components), components.error_responses.problem
    return {INVOCATIONS: Route(INVOCATIONS, components.codec, problem, negotiator)}
