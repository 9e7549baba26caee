"""The model is as good as its manifest says, good enough for the gate, and small enough."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.testing import measure_on_test_rows


def test_the_test_rows_give_the_manifests_metrics_and_pass_the_gate(
    project: Any, artifact: Any, training_config: Any
) -> None:
    metrics, missed = measure_on_test_rows(project, artifact, training_config)
    assert metrics == pytest.approx(artifact.manifest.metrics, rel=1e-6, abs=1e-9)
    assert not missed


def test_the_onnx_graph_agrees_with_the_model_it_was_exported_from(
    artifact: Any, training_config: Any
) -> None:
    parity = artifact.manifest.parity
    assert parity is None or 0 <= parity <= training_config.parity.tolerance


def test_the_artifact_is_within_its_size_limit(artifact: Any, training_config: Any) -> None:
    files = [path for path in artifact.folder.iterdir() if path.name != "manifest.json"]
    size_bytes = sum(path.stat().st_size for path in files)
    assert size_bytes == artifact.manifest.size_bytes <= training_config.limits.size_bytes


def test_the_time_of_a_prediction_is_reported_beside_its_limit(
    measure_ms: Callable[[], float],
    training_config: Any,
    record_property: Callable[[str, object], None],
) -> None:
    took_ms = measure_ms()
    record_property("prediction_ms", took_ms)
    record_property("limit_ms", training_config.limits.prediction_ms)
    # A busy machine is no fault of the model: over the limit is reported, and no failure.
    assert 0 < took_ms < math.inf
