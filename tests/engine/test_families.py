"""Every model of the template answers in serving as it did in training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.serving.runtime import OnnxModel

FAMILIES = ("iris", "diabetes", "sentiment", "iris_xgboost", "diabetes_xgboost")

Rows = list[dict[str, Any]]
Predict = Callable[[Rows], np.ndarray]


@pytest.fixture
def load(project: Project, trained: Artifact) -> Callable[[], Predict]:
    """Return a function that loads the artifact as a starting service does."""

    def open_model() -> Predict:
        service = project.make_service(trained.folder)
        model = service.load_model(service.artifact, threads=1)
        return lambda rows: model.run(service.codec.gather(rows).tensors)

    return open_model


@pytest.fixture
def predict(load: Callable[[], Predict]) -> Predict:
    """Return the model: rows in, float32 of shape (rows, n_outputs) out."""
    return load()


@pytest.fixture
def inputs(golden: list[dict[str, Any]]) -> Rows:
    """Return the golden cases' rows."""
    return [case["input"] for case in golden]


def test_the_graph_takes_the_tensors_of_the_schema(project: Project, trained: Artifact) -> None:
    service = project.make_service(trained.folder)
    tensors = [tensor._replace(nullable=False) for tensor in service.codec.inputs.tensors]
    if trained.manifest.modality == "table":
        assert list(OnnxModel(trained.model).inputs) == tensors
        assert sum(tensor.shape[1] for tensor in tensors) == len(trained.manifest.features)
    else:
        names = [each.name for each in OnnxModel(trained.model).inputs]
        assert names == ["input_ids", "attention_mask"]


def test_golden_cases_keep_their_outputs(
    predict: Predict, inputs: Rows, golden: list[dict[str, Any]], trained: Artifact
) -> None:
    outputs = predict(inputs)
    assert outputs.dtype == np.float32
    assert outputs.shape == (len(inputs), len(trained.manifest.fallback))
    assert outputs == pytest.approx(
        np.array([case["output"] for case in golden]), rel=1e-5, abs=1e-5
    )


def test_the_samples_are_learnt(trained: Artifact) -> None:
    learnt = {"accuracy": 0.75, "gain_over_majority": 0.4, "r2": 0.3, "interval_coverage": 0.8}
    metrics = trained.manifest.metrics
    assert {name for name, least in learnt.items() if metrics.get(name, 1.0) < least} == set()
    assert learnt.keys() & metrics


def test_a_reload_changes_no_byte(load: Callable[[], Predict], inputs: Rows) -> None:
    first, second = load(), load()
    assert first(inputs).tobytes() == second(inputs).tobytes() == first(inputs).tobytes()


@pytest.mark.parametrize("copies", [1, 7, 100])
def test_a_row_is_answered_alone_as_among_others(
    predict: Predict, inputs: Rows, copies: int
) -> None:
    alone = np.concatenate([predict([row]) for row in inputs])
    together = predict(inputs * copies)
    assert together == pytest.approx(np.tile(alone, (copies, 1)), rel=1e-5, abs=1e-6)


def test_the_fallback_is_one_of_the_possible_answers(trained: Artifact) -> None:
    fallback = trained.manifest.fallback
    if labels := trained.manifest.labels:
        assert len(fallback) == len(labels) == len(set(labels)) >= 2
        assert min(fallback) > 0
        assert sum(fallback) == pytest.approx(1)
    else:
        assert np.isfinite(fallback).tolist() == [True]


def test_a_regressors_interval_is_narrower_than_the_fallbacks(trained: Artifact) -> None:
    interval = trained.manifest.output_bounds.interval
    assert (interval is None) == (trained.manifest.task == "classifier")
    if interval:
        assert 0 < interval.half_width < interval.fallback_half_width


def test_the_manifest_counts_the_artifacts_bytes(trained: Artifact) -> None:
    files = [path for path in trained.folder.iterdir() if path.name != "manifest.json"]
    assert sum(path.stat().st_size for path in files) == trained.manifest.size_bytes
