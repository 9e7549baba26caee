"""What Prometheus is told."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from package.serving.exchange import Exchange
from package.serving.metrics import Metrics

MakeExchange = Callable[..., Exchange]


@pytest.fixture
def metrics(found: Any) -> Metrics:
    """Return series in which nothing is counted yet."""
    return Metrics(found.manifest)


def test_requests_are_counted_by_what_tells_them_apart(
    metrics: Metrics, make_exchange: MakeExchange
) -> None:
    metrics.record([make_exchange(), make_exchange(status=422), make_exchange(consumer="shop")])
    metrics.record([make_exchange()])
    labels = {"method": "POST", "route": "/predict", "status": "200", "consumer": "anonymous"}
    count = metrics.registry.get_sample_value
    assert count("http_requests_total", labels) == 2
    assert count("http_requests_total", labels | {"status": "422"}) == 1
    assert count("http_requests_total", labels | {"consumer": "shop"}) == 1


def test_durations_fall_into_the_buckets_that_they_fit(
    metrics: Metrics, make_exchange: MakeExchange
) -> None:
    seconds = [0.0001, 0.0005, 0.0006, 0.3, 99.0]
    metrics.record([make_exchange(seconds=each) for each in seconds])
    labels = {"method": "POST", "route": "/predict"}
    name = "http_request_duration_seconds"
    count = metrics.registry.get_sample_value
    for bound, expected in {"0.0005": 2, "0.001": 3, "0.25": 3, "0.5": 4, "10.0": 4}.items():
        assert count(f"{name}_bucket", labels | {"le": bound}) == expected
    assert count(f"{name}_bucket", labels | {"le": "+Inf"}) == count(f"{name}_count", labels) == 5
    assert math.isclose(count(f"{name}_sum", labels) or 0, sum(seconds))


def test_the_model_is_counted_by_its_rows(metrics: Metrics, make_exchange: MakeExchange) -> None:
    answered = make_exchange(rows=3, model_seconds=0.002)
    degraded = make_exchange(rows=2, model_seconds=0.002, degraded=True)
    metrics.record([answered, degraded, make_exchange(status=422)])
    count = metrics.registry.get_sample_value
    assert count("model_rows_total") == 5
    assert count("model_degraded_total") == 2
    assert count("model_inference_seconds_count") == 2


def test_the_service_exposes_every_series(client: TestClient, row: dict[str, Any]) -> None:
    client.post("/predict", json={"instances": [row]})
    response = client.get("/metrics")
    info = client.get("/model").json()
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    for name in (
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "model_inference_seconds_bucket",
        "model_rows_total",
        "model_degraded_total",
    ):
        assert f"\n{name}" in response.text
    labels = ",".join(f'{name}="{info[name]}"' for name in ("name", "task", "version"))
    assert "model_info{" + labels + "} 1.0" in response.text


def test_unknown_paths_and_methods_make_no_series_of_their_own(client: TestClient) -> None:
    for i in range(3):
        client.request(f"MADE{i}UP", f"/nowhere/{i}")
        client.get(f"/v2/models/model-{i}")
    series = client.get("/metrics").text
    requests = [line for line in series.splitlines() if line.startswith("http_requests_total")]
    assert len(requests) == 2
    assert any('method="OTHER"' in line and 'route="unmatched"' in line for line in requests)
    assert any('route="/v2/models/{name}"' in line for line in requests)
