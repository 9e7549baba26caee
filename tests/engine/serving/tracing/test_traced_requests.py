"""The spans of requests, as a collector receives them."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.serving.predictor import Predictor
from starlette.testclient import TestClient

from tests.engine.serving.tracing.conftest import Collector, Span

FAMILIES = ("iris", "sentiment")
TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, INTERNAL = 2, 1

MakeClient = Callable[..., TestClient]


def by_name(spans: list[Span]) -> dict[str, Span]:
    """Return spans by their names."""
    assert len({each.name for each in spans}) == len(spans)
    return {each.name: each for each in spans}


@pytest.mark.parametrize("execution", ["inline", "threads"])
def test_a_request_has_a_span_and_its_parts_have_theirs(
    make_client: MakeClient,
    collector: Collector,
    row: dict[str, Any],
    trained: Artifact,
    execution: str,
) -> None:
    client = make_client(execution=execution)
    headers = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01", "tracestate": "vendor=value"}
    answer = client.post("/predict", json={"instances": [row] * 2}, headers=headers)
    client.get("/metrics")  # passes on what is queued
    spans = by_name(collector.wait(4))

    server = spans.pop("POST /predict")
    manifest = trained.manifest
    assert (server.trace_id, server.parent_id, server.kind) == (TRACE_ID, PARENT_ID, SERVER)
    assert (server.state, server.failed) == ("vendor=value", False)
    assert server.attributes == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "modelserve.consumer": "anonymous",
        "modelserve.request_id": answer.headers["x-request-id"],
        "modelserve.inference_id": answer.json()["inference_id"],
        "modelserve.model.name": manifest.name,
        "modelserve.model.version": manifest.version,
        "modelserve.rows": 2,
        "modelserve.degraded": False,
    }
    assert server.resource["service.name"] == manifest.name
    assert server.resource["service.version"] == manifest.version
    assert [*spans] == ["decode", "model", "encode"]
    assert {each.parent_id for each in spans.values()} == {server.span_id}
    assert len({server.span_id, *(each.span_id for each in spans.values())}) == 4
    assert {(each.trace_id, each.kind) for each in spans.values()} == {(TRACE_ID, INTERNAL)}
    times = [time for each in spans.values() for time in (each.start, each.end)]
    assert [server.start, *times, server.end] == sorted([server.start, *times, server.end])
    called = spans["model"].attributes
    assert called.pop("modelserve.model.seconds") > 0
    joined = {"modelserve.batch.requests": 1, "modelserve.batch.rows": 2}
    assert called == (joined if execution == "threads" else {})


def test_a_request_without_a_trace_begins_one(
    make_client: MakeClient, collector: Collector, row: dict[str, Any]
) -> None:
    client = make_client()
    for _ in range(2):
        client.post("/predict", json={"instances": [row]})
    client.get("/metrics")
    servers = [each for each in collector.wait(8) if each.kind == SERVER]

    assert [each.parent_id for each in servers] == ["", ""]
    assert len({each.trace_id for each in servers}) == 2


def test_other_protocols_are_traced_too(
    make_client: MakeClient, collector: Collector, row: dict[str, Any], trained: Artifact
) -> None:
    client = make_client(platform="sagemaker")
    assert client.post("/invocations", json={"instances": [row]}).status_code == 200
    path = f"/v2/models/{trained.manifest.name}/infer"
    assert client.post(path, content=b"{}").status_code in (400, 422)
    client.get("/metrics")
    names = {each.name for each in collector.wait(6)}
    assert {"POST /invocations", "POST /v2/models/{name}/infer"} <= names


def test_an_unsampled_request_has_no_span(
    make_client: MakeClient, collector: Collector, row: dict[str, Any]
) -> None:
    client = make_client()
    for flags in ("00", "01"):
        headers = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-{flags}"}
        client.post("/predict", json={"instances": [row]}, headers=headers)
    client.get("/metrics")
    assert len(collector.wait(4)) == 4


def test_an_invalid_body_fails_while_it_is_decoded(
    make_client: MakeClient, collector: Collector
) -> None:
    client = make_client()
    assert client.post("/predict", json={"instances": [{}]}).status_code == 422
    client.get("/metrics")
    spans = by_name(collector.wait(2))

    assert spans["decode"].failed
    assert spans["decode"].attributes == {"error.type": "InvalidInputError"}
    server = spans["POST /predict"]
    assert not server.failed  # the client is at fault
    assert server.attributes["error.type"] == "InvalidInputError"
    assert server.attributes["http.response.status_code"] == 422
    assert "modelserve.rows" not in server.attributes


def fail(*_: object) -> None:
    """Fail as a model may."""
    raise RuntimeError("no answer")


def test_a_model_that_fails_is_named(
    make_client: MakeClient,
    collector: Collector,
    row: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = make_client(degraded_answers=False, execution="inline")
    monkeypatch.setattr(Predictor, "_run", fail)
    assert client.post("/predict", json={"instances": [row]}).status_code == 500
    client.get("/metrics")
    spans = by_name(collector.wait(3))

    assert {name: each.failed for name, each in spans.items()} == {
        "decode": False,
        "model": True,
        "POST /predict": True,
    }
    assert spans["model"].attributes["error.type"] == "ModelError"


@pytest.mark.parametrize(
    ("status", "reason"), [(503, "max retries"), (400, "code: 400, reason: Bad Request")]
)
def test_a_collector_that_refuses_spans_is_logged_once(
    start_collector: Callable[..., Collector],
    make_client: MakeClient,
    row: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    status: int,
    reason: str,
) -> None:
    collector = start_collector(status=status)
    client = make_client()
    with caplog.at_level(logging.WARNING):
        for tries in (1, 2):
            assert client.post("/predict", json={"instances": [row]}).status_code == 200
            client.get("/metrics")
            with collector.arrived:
                assert collector.arrived.wait_for(lambda n=tries: collector.tries >= n, 10)
        client.__exit__(None, None, None)
    lines = [each for each in caplog.records if "spans not exported" in each.message]
    assert len(lines) == 1
    assert vars(lines[0])["endpoint"] == f"{collector.url}/v1/traces"
    assert reason in vars(lines[0])["reason"]
    assert not [each for each in caplog.records if each.name.startswith("opentelemetry")]


@pytest.mark.parametrize("state", ["no state", "\u00ff=1", "a=1,a=2", "=", ",".join(["a"] * 200)])
def test_a_client_cannot_write_to_the_log_by_its_state(
    make_client: MakeClient,
    collector: Collector,
    row: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    state: str,
) -> None:
    client = make_client()
    headers = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01", "tracestate": state}
    with caplog.at_level(logging.WARNING):
        encoded = {name: text.encode("latin-1") for name, text in headers.items()}
        client.post("/predict", json={"instances": [row]}, headers=encoded)
        client.get("/metrics")
        assert {each.state for each in collector.wait(4)} == {""}
    assert not [each for each in caplog.records if each.name.startswith("opentelemetry")]


def test_the_services_name_is_that_of_the_variable(
    make_client: MakeClient,
    collector: Collector,
    row: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "fraud")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    client = make_client()
    client.post("/predict", json={"instances": [row]})
    client.get("/metrics")
    resource = collector.wait(4)[0].resource
    assert resource["service.name"] == "fraud"
    assert resource["deployment.environment.name"] == "test"


def test_the_capture_has_the_ids_of_the_span(
    make_client: MakeClient, collector: Collector, row: dict[str, Any], tmp_path: Path
) -> None:
    client = make_client(capture_dir=tmp_path / "capture")
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "own"}
    client.post("/predict", json={"instances": [row]}, headers=headers)
    client.get("/metrics")
    (server,) = [each for each in collector.wait(4) if each.kind == SERVER]
    client.__exit__(None, None, None)
    (record,) = records(tmp_path)

    span = f"traceparent=00-{server.trace_id}-{server.span_id}-01"
    assert record["eventMetadata"]["customAttributes"] == [span, "own"]


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the captured records."""
    for path in folder.rglob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
