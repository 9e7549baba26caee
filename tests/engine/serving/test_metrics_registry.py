"""Every series bears the model's name and version, and counts as Prometheus expects."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest
from modelserve import answers
from modelserve.artifact import Artifact
from modelserve.errors import ConfigurationError
from modelserve.serving import metrics_registry
from modelserve.serving.metrics_registry import MetricsRegistry
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

Figures = Callable[[str], Any]
VALUES = [0.5, 1.0, 1.5, 2.0, 99.0, 0.0]
TYPES = {
    "http_requests": "counter",
    "http_request_duration_seconds": "histogram",
    "http_unusual_requests": "counter",
    "model_info": "gauge",
    "model_created_timestamp_seconds": "gauge",
    "model_loaded_timestamp_seconds": "gauge",
    "model_reloads": "counter",
    "model_inference_seconds": "histogram",
    "model_rows": "counter",
    "model_degraded": "counter",
    "model_observations": "counter",
    "model_reference_observations": "gauge",
    "model_training_metric": "gauge",
    "model_feedback": "counter",
    "capture_records": "counter",
    "capture_dropped": "counter",
}
TYPES_OF_TASK = {
    "classifier": {"model_confidence": "summary", "model_outcomes": "counter"},
    "regressor": {
        "model_absolute_error": "histogram",
        "model_squared_error": "summary",
        "model_overestimates": "counter",
    },
}


def test_the_service_exposes_these_series_and_no_other(
    client: TestClient, figures: Figures, row: dict[str, Any], trained: Artifact
) -> None:
    client.post("/predict", json={"instances": [row]})
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert figures(response.text).types == TYPES | TYPES_OF_TASK[trained.manifest.task]


def test_every_series_bears_the_models_name_and_version(
    client: TestClient, figures: Figures, row: dict[str, Any], trained: Artifact
) -> None:
    client.post("/predict", json={"instances": [row]})
    told = figures(client.get("/metrics").text)
    model = (trained.manifest.name, trained.manifest.version)
    assert {(each.labels["model"], each.labels["version"]) for each in told.samples} == {model}
    assert not [each.name for each in told.samples if each.name.endswith("_created")]


def test_a_second_version_has_series_of_its_own(trained: Artifact, figures: Figures) -> None:
    other = trained.manifest.model_copy(update={"version": "9"})
    texts = []
    for manifest, count in ((trained.manifest, 1), (other, 2)):
        series = MetricsRegistry(manifest)
        series.counter("pears", "Pears.", "colour")("green").inc(count)
        texts.append(series.expose().decode())
    told = [figures(text).by("version", "pears_total", colour="green") for text in texts]
    assert told == [{trained.manifest.version: 1}, {"9": 2}]


@pytest.mark.parametrize("public", [False, True], ids=["private parts", "public fallback"])
def test_many_observations_at_once_count_like_each_for_itself(
    series: MetricsRegistry, figures: Figures, monkeypatch: pytest.MonkeyPatch, public: bool
) -> None:
    if public:
        for parts in ("HISTOGRAM", "SUMMARY"):
            monkeypatch.setattr(metrics_registry, parts, attrgetter("_renamed"))
    for name in ("each", "many"):
        distribution = series.distribution(f"d_{name}", "D.", buckets=[0.5, 1, 2])()
        mean = series.mean(f"m_{name}", "M.")()
        for made in (distribution, mean):
            if name == "many":
                made.observe_many(VALUES)
            else:
                for value in VALUES:
                    made.observe(value)
    told = figures(series.expose().decode())
    assert told.by("le", "d_many_bucket") == {"0.5": 2, "1.0": 3, "2.0": 5, "+Inf": 6}
    assert told.by("le", "d_many_bucket") == told.by("le", "d_each_bucket")
    for name in ("d_{}_sum", "d_{}_count", "m_{}_sum", "m_{}_count"):
        assert told(name.format("many")) == told(name.format("each"))
        assert told(name.format("many")) == [104 if "sum" in name else 6]


def test_no_observation_changes_nothing(series: MetricsRegistry, figures: Figures) -> None:
    series.distribution("d", "D.", buckets=[1])().observe_many([])
    series.mean("m", "M.")().observe_many([])
    told = figures(series.expose().decode())
    assert told("d_count") == told("d_sum") == told("m_count") == told("m_sum") == [0]


def test_what_waits_is_reported_before_every_exposition(
    series: MetricsRegistry, figures: Figures
) -> None:
    counter = series.counter("pears", "Pears.")()
    series.before_exposing(counter.inc)
    told = [figures(series.expose().decode())("pears_total") for _ in range(3)]
    assert told == [[1], [2], [3]]


def test_what_is_averaged_has_a_sum_and_a_count(
    client: TestClient, figures: Figures, row: dict[str, Any], trained: Artifact
) -> None:
    client.post("/predict", json={"instances": [row] * 3})
    told = figures(client.get("/metrics").text)
    for name in answers.averaged(trained.manifest.labels):
        assert told(f"model_{name}_count") == [3]
        assert 0 < told(f"model_{name}_sum")[0] <= 3


@pytest.mark.parametrize("labels", [("version",), ("colour", "model"), ("a", "a"), ("__own",)])
@pytest.mark.parametrize("kind", ["counter", "gauge", "mean"])
def test_labels_that_would_hide_a_series_are_refused(
    series: MetricsRegistry, kind: str, labels: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match=r"^The metric pears "):
        getattr(series, kind)("pears", "Pears.", *labels)


def test_a_second_metric_of_a_name_is_refused(series: MetricsRegistry) -> None:
    series.counter("pears", "Pears.")
    with pytest.raises(ConfigurationError, match="metric pears already; choose another name"):
        series.gauge("pears", "Pears.")
