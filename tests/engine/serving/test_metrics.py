"""The metrics of requests, and of the model that answers them, as Prometheus reads them."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.buckets import REQUEST_SECONDS
from modelserve.serving.metrics import Metrics
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.request_context import RequestContext
from starlette.testclient import TestClient

MakeExchange = Callable[..., RequestContext]
Read = Callable[[], Any]
PREDICT = {"method": "POST", "route": "/predict"}


@pytest.fixture
def metrics(series: MetricsRegistry, trained: Artifact) -> Metrics:
    """Return series in which nothing is counted yet, of a service with two consumers."""
    return Metrics(series, trained.manifest, ["anonymous", "shop"])


@pytest.fixture
def read(series: MetricsRegistry, figures: Callable[[str], Any]) -> Read:
    """Return a way to what Prometheus would read."""
    return lambda: figures(series.expose().decode())


def test_requests_are_counted_by_what_tells_them_apart(
    metrics: Metrics, make_context: MakeExchange, read: Read
) -> None:
    metrics.record([make_context(), make_context(status=422), make_context(consumer="shop")])
    metrics.record([make_context()])
    told = read()
    labels = PREDICT | {"status": "200", "consumer": "anonymous"}
    assert told("http_requests_total", **labels) == [2]
    assert told("http_requests_total", **labels | {"status": "422"}) == [1]
    assert told("http_requests_total", **labels | {"consumer": "shop"}) == [1]
    assert sum(told("http_requests_total")) == 4


def test_durations_fall_into_the_buckets_that_they_fit(
    metrics: Metrics, make_context: MakeExchange, read: Read
) -> None:
    seconds = [0.0001, 0.0005, 0.0006, 0.3, 99.0]
    metrics.record([make_context(seconds=each) for each in seconds])
    name, told = "http_request_duration_seconds", read()
    buckets = told.by("le", f"{name}_bucket", **PREDICT)
    assert list(map(float, buckets)) == [*REQUEST_SECONDS, math.inf]
    expected = {"0.0005": 2, "0.001": 3, "0.25": 3, "0.5": 4, "10.0": 4, "+Inf": 5}
    assert {bound: buckets[bound] for bound in expected} == expected
    assert told(f"{name}_count", **PREDICT) == [5]
    assert told(f"{name}_sum", **PREDICT) == [pytest.approx(sum(seconds))]


def test_the_model_is_counted_by_its_rows(
    metrics: Metrics, make_context: MakeExchange, read: Read
) -> None:
    answered = make_context(rows=3, model_seconds=0.002)
    degraded = make_context(rows=2, model_seconds=0.002, degraded=True)
    metrics.record([answered, degraded, make_context(status=422)])
    told = read()
    assert told("model_rows_total") == [5]
    assert told("model_degraded_total") == [2]
    assert told("model_inference_seconds_count") == [2]
    assert told.by("le", "model_inference_seconds_bucket")["0.0025"] == 2


@pytest.mark.usefixtures("metrics")
def test_what_training_said_of_the_model_is_exposed(read: Read, trained: Artifact) -> None:
    told = read()
    assert told.by("task", "model_info") == {trained.manifest.task: 1}
    assert told("model_created_timestamp_seconds") == [trained.manifest.created.timestamp()]
    assert told.by("metric", "model_training_metric") == trained.manifest.metrics


@pytest.mark.usefixtures("metrics")
def test_what_counts_rows_stands_at_nought_before_the_first(read: Read) -> None:
    told = read()
    assert told("model_rows_total") == told("model_degraded_total") == [0]
    assert told("model_inference_seconds_count") == [0]


def test_unknown_paths_and_methods_make_no_series_of_their_own(
    client: TestClient, figures: Callable[[str], Any]
) -> None:
    for i in range(3):
        client.request(f"MADE{i}UP", f"/nowhere/{i}")
        client.get(f"/v2/models/model-{i}")
    told = figures(client.get("/metrics").text)
    requests = {
        (each.labels["method"], each.labels["route"], each.value)
        for each in told.samples
        if each.name == "http_requests_total"
    }
    assert requests == {("OTHER", "unmatched", 3), ("GET", "/v2/models/{name}", 3)}
