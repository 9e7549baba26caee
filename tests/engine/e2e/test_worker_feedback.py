"""Feedback is counted once, whichever of several workers receives it."""

import json
import os
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.serving.feedback_metrics import truth_field
from modelserve.serving.request_context import worker_of

from tests.engine.e2e.workers import SETTLES_IN_S, STARTED, Row, Serve, predicted_by

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM and no SIGKILL"),
]
WORKERS = 4
PREDICTIONS = 60

Tell = Callable[[str], dict[str, int]]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a folder for temporary files whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def service(serve: Serve, temporary: Path) -> Any:
    """Return a service of several workers, all of which are ready."""
    running = serve("--workers", str(WORKERS), TMPDIR=str(temporary))
    running.until(lambda: running.log.read_text("utf-8", "replace").count(STARTED) == WORKERS)
    return running


@pytest.fixture
def names(service: Any, row: Row) -> list[str]:
    """Return the inference ids of many predictions, by at least two workers.

    Each has a connection of its own.
    """
    ids: list[str] = []

    def predict() -> bool:
        _, body = service.ask("POST", "/predict", {"instances": [row]})
        ids.append(json.loads(body)["inference_id"])
        return len(ids) >= PREDICTIONS and len({worker_of(each) for each in ids}) > 1

    service.until(predict)
    return ids


@pytest.fixture
def tell(service: Any, trained: Artifact) -> Tell:
    """Return a function that sends feedback on a prediction, and returns what became of it."""
    truth = trained.manifest.labels[0]

    def send(name: str) -> dict[str, int]:
        outcome = {"inference_id": name, truth_field(trained.manifest): truth}
        status, body = service.ask("POST", "/feedback", {"outcomes": [outcome]})
        assert status == 200, body
        return {key: count for key, count in json.loads(body).items() if count}

    return send


def test_feedback_is_counted_whichever_worker_receives_it(
    service: Any, names: list[str], tell: Tell, figures: Any
) -> None:
    assert [tell(each) for each in names] == [{"counted": 1}] * len(names)
    assert [tell(each) for each in names] == [{"duplicate": 1}] * len(names)
    time.sleep(SETTLES_IN_S)
    exposed = figures(service.ask("GET", "/metrics")[1].decode())
    by_status = exposed.by("status", "model_feedback_total")
    assert (by_status["counted"], by_status["duplicate"]) == (len(names), len(names))
    assert sum(exposed("model_outcomes_total")) == len(names)


def test_only_feedback_on_a_killed_workers_predictions_is_unknown(
    service: Any, temporary: Path, names: list[str], tell: Tell
) -> None:
    (folder,) = temporary.glob("metrics-*")
    service.until(lambda: sum(predicted_by(folder).values()) == len(names))
    os.kill(max(+predicted_by(folder)), signal.SIGKILL)
    service.until(lambda: service.log.read_text("utf-8", "replace").count(STARTED) > WORKERS)
    became: defaultdict[str, set[str]] = defaultdict(set)
    for each in names:
        became[worker_of(each)].update(tell(each))
    (lost,) = [worker for worker, statuses in became.items() if statuses != {"counted"}]
    assert became[lost] <= {"unknown", "late"}
    assert len(became) > 1
    assert service.stop() == 0
