"""The image runs on Vertex AI's port and routes."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROUTE = "/v1/endpoints/123/deployedModels/456"
PREDICT = f"{ROUTE}:predict"
PORT = 7080


def test_it_answers_on_vertex_ais_port_and_routes(
    start: Callable[..., Any], check_answers: Callable[..., None], cases: list[dict[str, Any]]
) -> None:
    given = {
        "AIP_MODE": "PREDICTION",
        "AIP_HTTP_PORT": str(PORT),
        "AIP_HEALTH_ROUTE": ROUTE,
        "AIP_PREDICT_ROUTE": PREDICT,
        "AIP_STORAGE_URI": "gs://caip-tenant-123/456",
    }
    options = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]

    container = start(*options, port=PORT)
    container.until(container.is_ready)

    assert container.ask("GET", ROUTE)[0] == 200
    container.engine.run("exec", container.name, "python", "/app/healthcheck.py")
    check_answers(container, PREDICT)
    body = {"instances": [cases[0]["input"]], "parameters": {"k": 1}}
    assert container.ask("POST", PREDICT, body)[0] == 200
