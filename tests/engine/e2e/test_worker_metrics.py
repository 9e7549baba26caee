"""Each worker exposes the metrics of all workers."""

import os
import time
from collections.abc import Callable

import pytest
from modelserve import answers, artifact
from modelserve.artifact import Artifact
from modelserve.serving.feedback_metrics import truth_field

from tests.engine.e2e.workers import SETTLES_IN_S, Row, Workers

FAMILIES = ("iris", "diabetes")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM and no SIGKILL"),
]


def test_each_worker_exposes_the_sum_of_all(
    start_workers: Callable[..., Workers], row: Row, trained: Artifact
) -> None:
    workers = start_workers()
    workers.ask_until_both_answer(row, times=40)
    field = truth_field(trained.manifest)
    truth = trained.manifest.labels[0] if trained.manifest.labels else 1.5
    outcomes = [{"inference_id": name, field: truth} for name in workers.names]
    feedback = [workers.service.ask("POST", "/feedback", {"outcomes": [one]}) for one in outcomes]
    refused = [workers.service.ask("POST", "/predict", {})[0] for _ in range(10)]
    time.sleep(SETTLES_IN_S)

    count, reference = len(workers.names), trained.read_json(artifact.REFERENCE)
    assert ({status for status, _ in feedback}, set(refused)) == ({200}, {422})
    for _ in range(20):
        exposed = workers.scrape()
        asked = exposed.by("status", "http_requests_total", route="/predict")
        assert asked == {"200": count, "422": 10}
        durations = exposed.by("le", "http_request_duration_seconds_bucket", route="/predict")
        assert (durations["+Inf"], max(durations.values())) == (count + 10, count + 10)
        assert exposed("http_request_duration_seconds_count", route="/predict") == [count + 10]
        assert exposed("model_inference_seconds_count") == exposed("model_rows_total") == [count]
        assert sum(exposed("http_unusual_requests_total", reason="invalid-input")) == 10
        feedback_by = exposed.by("status", "model_feedback_total")
        assert (sum(feedback_by.values()), feedback_by["duplicate"]) == (count, 0)
        outcomes_of = exposed("model_outcomes_total") or exposed("model_absolute_error_count")
        assert sum(outcomes_of) == feedback_by["counted"]
        for kind in ("input", "output"):
            for name, shape in reference[f"{kind}s"].items():
                labels = {"kind": kind, "field": name}
                kept = [*shape["counts"], shape["missing"]]
                assert sum(exposed("model_observations_total", **labels)) == count
                assert sum(exposed("model_reference_observations", **labels)) == sum(kept)
        for name in answers.averaged(trained.manifest.labels):
            assert exposed(f"model_{name}_count") == [count]
        assert exposed("model_info", task=trained.manifest.task) == [1]
        assert exposed("model_created_timestamp_seconds") == [trained.manifest.created.timestamp()]
        assert exposed.by("metric", "model_training_metric") == trained.manifest.metrics
        assert "pid" not in {label for each in exposed.samples for label in each.labels}
