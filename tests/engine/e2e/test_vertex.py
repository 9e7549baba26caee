"""The service runs under Vertex AI's environment variables and on its routes."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.loopback import free_port

pytestmark = pytest.mark.e2e

HOST = "127.0.0.1"
STARTS_WITHIN_S = 30
# As Vertex AI makes them out of an endpoint's and a model's numbers.
ROUTE = "/v1/endpoints/123/deployedModels/456"
HEALTH, PREDICT = ROUTE, f"{ROUTE}:predict"

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def vertex(
    ask: Callable[..., tuple[int, bytes]],
    command: Callable[..., list[str]],
    environment: dict[str, str],
    trained: Artifact,
    tmp_path: Path,
) -> Iterator[Ask]:
    """Return a way to ask a process that knows Vertex AI's variables, and none of ours but two."""
    port = free_port()

    def send(method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        status, content = ask(port, method, path, body)
        return status, json.loads(content)

    given = {
        "AIP_MODE": "PREDICTION",
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": HEALTH,
        "AIP_PREDICT_ROUTE": PREDICT,
        "AIP_STORAGE_URI": "gs://caip-tenant-123/456",
        "MODEL_DIR": str(trained.folder),
    }
    with subprocess.Popen(command("serve"), cwd=tmp_path, env=environment | given) as process:
        try:
            wait_until_ready(process, send)
            yield send
        finally:
            process.kill()


def wait_until_ready(process: subprocess.Popen[bytes], ask: Ask) -> None:
    """Return once the health route says that predictions may be asked for."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            if ask("GET", HEALTH)[0] == 200:
                return
        except OSError:
            pass
        assert process.poll() is None, "the service has ended"
        assert time.monotonic() < deadline, "the service is not ready"
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="Vertex AI runs containers of Linux")
@pytest.mark.parametrize(
    "parameters", [pytest.param({}, id="none"), pytest.param({"parameters": {"k": 1}}, id="some")]
)
def test_it_answers_instances_on_vertex_ais_routes(
    vertex: Ask, golden: list[dict[str, Any]], parameters: dict[str, Any]
) -> None:
    rows = [case["input"] for case in golden]

    status, answer = vertex("POST", PREDICT, {"instances": rows} | parameters)

    assert status == 200, answer
    assert len(answer["predictions"]) == len(rows)
    assert answer["degraded"] is False


@pytest.mark.skipif(sys.platform == "win32", reason="Vertex AI runs containers of Linux")
def test_its_usual_route_is_not_served(vertex: Ask, row: dict[str, Any]) -> None:
    assert vertex("POST", "/predict", {"instances": [row]})[0] in {404, 405}
