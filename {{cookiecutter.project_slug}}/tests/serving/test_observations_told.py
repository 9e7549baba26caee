"""What is watched is told without a loss, with whose it is, and only as far as it is wanted."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from prometheus_client import Counter
from starlette.testclient import TestClient

from package import answers
from package.artifact import Artifact
from package.serving.arrays import Prediction
from package.serving.exchange import Exchange
from package.serving.inputs import Inputs
from package.serving.metrics import Metrics
from package.serving.observations import Observations
from package.serving.series import Series

MakeService = Callable[..., Any]
Figures = Callable[[str], Any]
Row = dict[str, Any]
COUNTED, REFERENCE = "model_observations_total", "model_reference_observations"


def test_without_bins_there_are_none_and_the_rest_is_counted(
    make_client: Callable[..., TestClient], figures: Figures, beyond: Row
) -> None:
    client = make_client(drift_metrics=False)
    client.post("/predict", json={"instances": [beyond]})
    read = figures(client.get("/metrics").text)
    assert read(COUNTED) == read(REFERENCE) == []
    assert read("http_unusual_requests_total", reason="out-of-range") == [1]
    for name in answers.AVERAGED:
        assert read(f"model_{name}_count") == [1]


def test_a_row_beyond_is_told_whose_it_is_once_a_request(
    make_service: MakeService, make_exchange: Callable[..., Exchange], beyond: Row, figures: Figures
) -> None:
    service = make_service()
    codec, predict = service.codec, service.predictor.predict
    usual = codec.inputs.example()
    for consumer, rows in (
        ("shop", [usual, beyond, beyond]),
        ("desk", [usual]),
        ("shop", [beyond]),
        ("till", [usual, usual, beyond]),
        ("desk", [usual, usual]),
    ):
        exchange, call = make_exchange(consumer=consumer), codec.gather(rows)
        exchange.call, exchange.prediction, exchange.rows = call, predict(call), len(rows)
        service.journal.add(exchange)
    service.journal.add(make_exchange(consumer="desk", status=422))
    service.journal.hand_over()
    read = figures(service.series.expose().decode())
    counted = read.by("consumer", "http_unusual_requests_total", reason="out-of-range")
    assert counted == {"anonymous": 0, "shop": 2, "till": 1}


def test_nothing_is_lost_or_counted_twice_while_threads_count_and_tell(
    found: Artifact,
    series: Series,
    make_exchange: Callable[..., Exchange],
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = Counter.inc

    def pause(counter: Counter, amount: float = 1) -> None:
        time.sleep(1e-6)  # and let another thread have its turn
        plain(counter, amount)

    monkeypatch.setattr(Counter, "inc", pause)
    inputs = Inputs(found, max_text_length=20_000)
    metrics = Metrics(series, found.manifest, ["anonymous"])
    observations = Observations(found, inputs, series, metrics, detailed=True)
    outputs = np.asarray([found.manifest.prior], dtype=np.float32)
    exchange = make_exchange(call=inputs.gather([inputs.example()]), rows=1)
    exchange.prediction = Prediction(outputs, degraded=False)

    def hammer() -> None:
        for _ in range(50):
            observations.record([exchange])
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
