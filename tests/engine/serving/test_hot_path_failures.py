"""What is logged, reported and recorded of requests that fail."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from modelserve.serving.fastapi_app import create_fastapi_app
from modelserve.serving.hot_path import HotPath, Route
from modelserve.serving.request_context import RequestContext
from starlette.testclient import TestClient

MakeComponents = Callable[..., Components]
Row = dict[str, Any]


class Kept:
    """A recorder that keeps what it is handed."""

    def __init__(self) -> None:
        self.finished: list[RequestContext] = []

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Keep some."""
        self.finished += finished

    def write(self) -> None:
        """Write nothing."""


class BrokenCodec:
    """A codec with a bug."""

    def decode(self, body: bytes) -> Any:
        """Fail in a way that nobody has foreseen."""
        raise RuntimeError(f"the secret {len(body)}")

    def encode(self, call: Any, prediction: Any, inference_id: str) -> bytes:
        """Never be reached."""
        raise NotImplementedError


def test_a_bug_becomes_a_500_that_shows_nothing_and_is_reported_once(
    make_components: MakeComponents, caplog: pytest.LogCaptureFixture
) -> None:
    components = make_components()
    route = Route("/predict", BrokenCodec(), components.error_responses.problem)
    client = TestClient(HotPath(create_fastapi_app(components), {"/predict": route}, components))
    response = client.post("/predict", content=b"12345", headers={"x-request-id": "mine"})
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    ((key, text),) = components.notifier.messages
    assert response.status_code == 500
    assert response.json()["type"] == "urn:problem:unexpected"
    assert "secret" not in response.text
    assert record.exc_info is not None
    assert vars(record)["request_id"] == "mine"
    assert key == "request:RuntimeError"
    assert "/predict" in text
    assert "the secret 5" in text


def test_a_bug_in_a_route_of_the_framework_is_reported_as_well(
    make_components: MakeComponents, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    components = make_components(observers=[kept])
    app = create_fastapi_app(components)

    async def broken() -> None:
        raise RuntimeError("the secret")

    app.add_api_route("/broken", broken)
    response = TestClient(HotPath(app, {}, components)).get("/broken")
    components.log_queue.flush()
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    ((key, text),) = components.notifier.messages
    assert response.status_code == 500
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text
    assert vars(record)["request_id"] == response.headers["x-request-id"]
    assert (key, "/broken" in text) == ("request:RuntimeError", True)
    (finished,) = kept.finished
    assert (finished.route, finished.status, finished.error) == ("/broken", 500, "RuntimeError")


def test_a_clients_mistake_is_no_alarm(
    make_components: MakeComponents, caplog: pytest.LogCaptureFixture
) -> None:
    components = make_components()
    client = TestClient(wrap(components))
    for method, path in [("POST", "/predict"), ("GET", "/predict"), ("GET", "/nowhere")]:
        assert client.request(method, path, content=b"{}").is_client_error
    assert not components.notifier.messages
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_each_request_is_recorded_once(make_components: MakeComponents, row: Row) -> None:
    kept = Kept()
    components = make_components(observers=[kept])
    client = TestClient(wrap(components))
    answer = client.post("/predict", json={"instances": [row] * 2}).json()
    client.post("/predict", content=b"{}")
    client.get("/health/live")
    client.get("/etc/passwd")
    client.get(f"/v2/models/{components.manifest.name}/ready")
    components.log_queue.flush()
    assert [(each.route, each.status, each.rows, each.error) for each in kept.finished] == [
        ("/predict", 200, 2, ""),
        ("/predict", 422, 0, "InvalidInputError"),
        ("/health/live", 200, 0, ""),
        ("unmatched", 404, 0, ""),
        ("/v2/models/{name}/ready", 200, 0, ""),
    ]
    first = kept.finished[0]
    assert first.inference_id == answer["inference_id"]
    assert 0 < first.model_seconds < first.seconds
