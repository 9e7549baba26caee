"""Several workers are one service to Prometheus: whichever is asked tells of all."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from package import answers, artifact
from package.artifact import Artifact
from package.serving.outcomes import TRUTH

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM and no SIGKILL")
pytestmark = [pytest.mark.e2e, ON_POSIX]

SETTLES_IN_S = 1.0  # at the latest, what a worker has counted is told by all
STARTED = "Application startup complete"

Serve = Callable[..., Any]
Row = dict[str, Any]


def predicted_by(folder: Path) -> Counter[int]:
    """Return how many predictions each worker has counted, by its process."""
    found: Counter[int] = Counter()
    for path in folder.glob("counter_*.db"):
        metrics = {each.name: each for each in MultiProcessCollector.merge([str(path)])}
        if rows := metrics.get("model_rows"):
            found[int(path.stem.partition("_")[2])] = int(sum(each.value for each in rows.samples))
    return found


class Workers:
    """Two workers, the folder of their series, and what they were asked.

    Args:
        serve: starts a service.
        folder: keeps the series.
        figures: reads them.
        settings: of the service.
    """

    def __init__(self, serve: Serve, folder: Path, figures: Any, **settings: str) -> None:
        folder.mkdir()
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        self.service = serve("--workers", "2", **shared, **settings)
        self.folder, self._figures = folder, figures
        self.names: list[str] = []
        self.service.until(lambda: self.log().count(STARTED) == 2)

    def log(self) -> str:
        """Return what the service has written."""
        text: str = self.service.log.read_text(encoding="utf-8", errors="replace")
        return text

    def ask(self, row: Row) -> None:
        """Ask about a row, over a connection of its own, and keep the answer's name."""
        status, body = self.service.ask("POST", "/predict", {"instances": [row]})
        assert status == 200
        self.names.append(json.loads(body)["inference_id"])

    def ask_until_both_answer(self, row: Row, *, times: int) -> None:
        """Ask so many times at least, and until two processes have counted some of it."""
        for _ in range(times):
            self.ask(row)
        self.service.until(lambda: len(+predicted_by(self.folder)) >= 2 or self.ask(row))
        time.sleep(SETTLES_IN_S)

    def scrape(self) -> Any:
        """Return what whichever worker answers tells."""
        status, body = self.service.ask("GET", "/metrics")
        assert status == 200
        return self._figures(body.decode())


@pytest.fixture
def start(serve: Serve, tmp_path: Path, figures: Any) -> Callable[..., Workers]:
    """Return a way to start two workers."""

    def make(**settings: str) -> Workers:
        return Workers(serve, tmp_path / "series", figures, **settings)

    return make


def test_whichever_worker_is_asked_tells_the_sum_of_all(
    start: Callable[..., Workers], row: Row, found: Artifact
) -> None:
    workers = start()
    workers.ask_until_both_answer(row, times=40)
    truth = found.manifest.labels[0] if found.manifest.labels else 1.5
    outcomes = [{"inference_id": name, TRUTH: truth} for name in workers.names]
    feedback = [workers.service.ask("POST", "/feedback", {"outcomes": [one]}) for one in outcomes]
    refused = [workers.service.ask("POST", "/predict", {})[0] for _ in range(10)]
    time.sleep(SETTLES_IN_S)

    count, reference = len(workers.names), found.read_json(artifact.REFERENCE)
    assert ({status for status, _ in feedback}, set(refused)) == ({200}, {422})
    for _ in range(20):
        told = workers.scrape()
        asked = told.by("status", "http_requests_total", route="/predict")
        assert asked == {"200": count, "422": 10}
        durations = told.by("le", "http_request_duration_seconds_bucket", route="/predict")
        assert (durations["+Inf"], max(durations.values())) == (count + 10, count + 10)
        assert told("http_request_duration_seconds_count", route="/predict") == [count + 10]
        assert told("model_inference_seconds_count") == told("model_rows_total") == [count]
        assert sum(told("http_unusual_requests_total", reason="invalid-input")) == 10
        feedback_by = told.by("status", "model_feedback_total")
        assert (sum(feedback_by.values()), feedback_by["duplicate"]) == (count, 0)
        outcomes_of = told("model_outcomes_total") or told("model_absolute_error_count")
        assert sum(outcomes_of) == feedback_by["counted"]
        for kind in ("input", "output"):
            for name, shape in reference[f"{kind}s"].items():
                labels = {"kind": kind, "field": name}
                kept = [*shape["counts"], shape["missing"]]
                assert sum(told("model_observations_total", **labels)) == count
                assert sum(told("model_reference_observations", **labels)) == sum(kept)
        for name in answers.AVERAGED:
            assert told(f"model_{name}_count") == [count]
        assert told("model_info", task=found.manifest.task) == [1]
        assert told("model_created_timestamp_seconds") == [found.manifest.created.timestamp()]
        assert told.by("metric", "model_training_metric") == found.manifest.metrics
        assert "pid" not in {label for each in told.samples for label in each.labels}


def test_no_counter_goes_down_when_a_worker_is_killed_and_replaced(
    start: Callable[..., Workers], row: Row
) -> None:
    workers = start()
    workers.ask_until_both_answer(row, times=10)
    count = len(workers.names)
    assert workers.scrape()("model_rows_total") == [count]
    seen: dict[Any, float] = {}

    def scrape() -> Any:
        with suppress(OSError):  # the connection of one that was killed
            told = workers.scrape()
            for each in told.samples:
                if told.types.get(each.name.removesuffix("_total")) != "gauge":
                    key = (each.name, *sorted(each.labels.items()))
                    assert each.value >= seen.get(key, 0), key
                    seen[key] = each.value

    for _ in range(10):
        scrape()
    os.kill(max(predicted_by(workers.folder)), signal.SIGKILL)
    while workers.log().count(STARTED) < 3:
        scrape()
    for _ in range(20):
        workers.ask(row)
        scrape()
    workers.service.until(lambda: len(predicted_by(workers.folder)) == 3)
    time.sleep(SETTLES_IN_S)
    told = workers.scrape()

    assert told("model_rows_total") == [count + 20]
    assert len(seen) > 50
    assert workers.service.stop() == 0


def test_the_folder_of_the_operators_choice_stays_and_no_other_is_made(
    start: Callable[..., Workers], tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    workers = start(TMPDIR=str(tmp_path / "temporary"))
    assert not list((tmp_path / "temporary").glob("metrics-*"))
    assert workers.service.stop() == 0
    assert len(list(workers.folder.glob("counter_*.db"))) == 2


def test_the_folder_that_the_service_makes_is_gone_in_the_end(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    service = serve("--workers", "2", TMPDIR=str(tmp_path / "temporary"))
    (folder,) = (tmp_path / "temporary").glob("metrics-*")
    service.until(lambda: len(list(folder.glob("counter_*.db"))) == 2)
    assert service.stop() == 0
    assert not folder.exists()
