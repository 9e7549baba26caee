"""Drift metrics lose nothing, name their model, and can be switched off."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve import answers
from modelserve.artifact import Artifact
from modelserve.serving.drift_counters import DriftCounters
from modelserve.serving.inputs import make_inputs
from modelserve.serving.metrics import Metrics
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.request_context import RequestContext
from modelserve.types import Prediction
from prometheus_client import Counter
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

MakeComponents = Callable[..., Any]
Figures = Callable[[str], Any]
Row = dict[str, Any]
COUNTED, REFERENCE = "model_observations_total", "model_reference_observations"


def test_without_bins_there_are_none_and_the_rest_is_counted(
    make_client: Callable[..., TestClient], figures: Figures, beyond: Row, trained: Artifact
) -> None:
    client = make_client(drift_metrics=False)
    client.post("/predict", json={"instances": [beyond]})
    read = figures(client.get("/metrics").text)
    assert read(COUNTED) == read(REFERENCE) == []
    assert read("http_unusual_requests_total", reason="out-of-range") == [1]
    for name in answers.averaged(trained.manifest.labels):
        assert read(f"model_{name}_count") == [1]


def test_a_row_beyond_is_reported_whose_it_is_once_a_request(
    make_components: MakeComponents,
    make_context: Callable[..., RequestContext],
    beyond: Row,
    figures: Figures,
) -> None:
    components = make_components()
    codec, predict = components.codec, components.predictor.predict
    usual = codec.inputs.example()
    for consumer, rows in (
        ("shop", [usual, beyond, beyond]),
        ("desk", [usual]),
        ("shop", [beyond]),
        ("till", [usual, usual, beyond]),
        ("desk", [usual, usual]),
    ):
        context, call = make_context(consumer=consumer), codec.gather(rows)
        context.given, context.prediction, context.rows = call, predict(call), len(rows)
        components.log_queue.add(context)
    components.log_queue.add(make_context(consumer="desk", status=422))
    components.log_queue.flush()
    read = figures(components.registry.expose().decode())
    counted = read.by("consumer", "http_unusual_requests_total", reason="out-of-range")
    assert counted == {"anonymous": 0, "shop": 2, "till": 1}


def test_nothing_is_lost_or_counted_twice_while_threads_count_and_tell(
    trained: Artifact,
    series: MetricsRegistry,
    make_context: Callable[..., RequestContext],
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = Counter.inc

    def pause(counter: Counter, amount: float = 1) -> None:
        time.sleep(1e-6)  # and let another thread have its turn
        plain(counter, amount)

    monkeypatch.setattr(Counter, "inc", pause)
    inputs = make_inputs(trained, max_text_length=20_000)
    metrics = Metrics(series, trained.manifest, ["anonymous"])
    observations = DriftCounters(trained, inputs, series, metrics, detailed=True)
    outputs = np.asarray([trained.manifest.fallback], dtype=np.float32)
    context = make_context(given=inputs.gather([inputs.example()]), rows=1)
    context.prediction = Prediction(outputs, degraded=False)

    def hammer() -> None:
        for _ in range(50):
            observations.record([context])
            observations.write()

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = figures(series.expose().decode())
    fields = {(e.labels["kind"], e.labels["field"]) for e in read.samples if e.name == COUNTED}
    for kind, field in fields:
        assert sum(read(COUNTED, kind=kind, field=field)) == 200
