"""A service that exports traces: the log and the capture have the ids of its spans."""

import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import BaseServer
from typing import Any

import pytest

from tests.engine.e2e.conftest import HOST, RunningService
from tests.engine.serving.tracing.conftest import Collector

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER = 2
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM"),
]

Serve = Callable[..., RunningService]


def ask(service: RunningService, row: dict[str, Any], flags: str) -> tuple[int, str]:
    """Send a request of a client's trace; return the status and the inference id."""
    connection = http.client.HTTPConnection(HOST, service.port, timeout=10)
    try:
        headers = {
            "Content-Type": "application/json",
            "traceparent": f"00-{TRACE_ID}-{PARENT_ID}-{flags}",
        }
        connection.request("POST", "/predict", json.dumps({"instances": [row]}), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())["inference_id"]
    finally:
        connection.close()


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a file."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def test_the_log_and_the_capture_have_the_ids_of_the_span(
    serve: Serve,
    listen: Callable[[BaseServer], None],
    row: dict[str, Any],
    tmp_path: Path,
) -> None:
    collector = Collector()
    listen(collector)
    service = serve(
        CAPTURE_DIR=str(tmp_path / "capture"),
        LOG_PROFILE="gcp",
        GOOGLE_CLOUD_PROJECT="project",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    sampled, unsampled = (ask(service, row, flags)[1] for flags in ("01", "00"))
    collector.wait(4)
    assert service.stop() == 0

    (server,) = [each for each in collector.spans if each.kind == SERVER]
    assert (server.trace_id, server.parent_id) == (TRACE_ID, PARENT_ID)
    assert server.attributes["modelserve.inference_id"] == sampled
    logged = {each["request_id"]: each for each in lines(service.log) if "request_id" in each}
    trace = f"projects/project/traces/{TRACE_ID}"
    assert logged[sampled]["logging.googleapis.com/trace"] == trace
    assert logged[sampled]["logging.googleapis.com/spanId"] == server.span_id
    assert logged[unsampled]["logging.googleapis.com/trace"] == trace
    assert "logging.googleapis.com/spanId" not in logged[unsampled]
    captured = {
        each["eventMetadata"]["inferenceId"]: each["eventMetadata"].get("customAttributes")
        for path in (tmp_path / "capture").rglob("*.jsonl")
        for each in lines(path)
    }
    assert captured == {
        sampled: [f"traceparent=00-{TRACE_ID}-{server.span_id}-01"],
        unsampled: None,
    }


def test_a_collector_that_is_not_there_stops_nobody(serve: Serve, row: dict[str, Any]) -> None:
    with Collector() as gone:
        url = gone.url
    service = serve(OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_BSP_SCHEDULE_DELAY="20")
    assert {ask(service, row, "01")[0] for _ in range(50)} == {200}
    service.until(lambda: "spans not exported" in service.log.read_text("utf-8", "replace"))
    assert ask(service, row, "01")[0] == 200
    assert service.stop() == 0  # within its time

    text = service.log.read_text("utf-8", "replace")
    assert text.count("spans not exported") == 1
    assert "Traceback" not in text
