"""Confidence intervals: resamples have scikit-learn's metrics, and the time is bounded."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve.answers import Decision
from modelserve.artifact import Artifact
from modelserve.manifest import Interval, OutputBounds
from modelserve.training.measures import bootstrap, intervals
from modelserve.training.measures.classification import METRICS, predict_labels
from modelserve.training.measures.measurement import compute
from modelserve.training.measures.predictions import LabelPredictions, ValuePredictions
from modelserve.training.measures.regression import METRICS as OF_VALUES
from modelserve.training.regressor import Regressor

from .test_measures import answers

INTERVAL = Interval(coverage=0.8, half_width=1.5, fallback_half_width=9)
NO_INTERVAL = {"max_error"}


def labels(rows: int, n_labels: int, decision: Decision | None = None) -> LabelPredictions:
    """Return a classifier's predictions, of which many are equal."""
    target, outputs = answers(rows, n_labels)
    outputs = outputs.round(1) + np.float32(0.01)
    return predict_labels(target, outputs, tuple(map(str, range(n_labels))), decision)


def values(rows: int) -> ValuePredictions:
    """Return a regressor's predictions."""
    generator = np.random.default_rng(3)
    truth = generator.normal(5, 2, rows)
    return ValuePredictions(truth, truth + generator.normal(0.3, 1, rows), INTERVAL)


def repeat(weights: np.ndarray) -> np.ndarray:
    """Return the index of each row as often as it was drawn."""
    return np.repeat(np.arange(len(weights)), weights.astype(int))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(labels(60, 2, Decision(1, 0.5)), id="two labels"),
        pytest.param(labels(60, 4), id="four labels"),
    ],
)
def test_a_resample_of_labels_has_scikit_learns_metrics(given: LabelPredictions) -> None:
    weights = np.vstack([np.ones((1, 60)), *bootstrap.draw(60, resamples=5)])
    weighted = intervals.weigh_labels(given, weights, {"recall:1": 0.0})
    majority = np.bincount(given.truth).argmax()
    for i, row in enumerate(weights):
        drawn = given.take(repeat(row))
        expected, _ = compute(METRICS, METRICS.keys() & weighted.keys(), drawn)
        share = np.mean(drawn.truth == majority)
        expected = {**expected, "gain_over_majority": expected["accuracy"] - share}
        assert {name: weighted[name][i] for name in expected} == pytest.approx(expected)
    assert weighted["recall:1"][0] == np.mean(given.answers[given.truth == 1] == 1)
    assert METRICS.keys() - weighted.keys() <= {"precision", "recall", "f1", "pr_auc"}


def test_a_resample_of_values_has_scikit_learns_metrics() -> None:
    given = values(61)
    weights = np.vstack([np.ones((1, 61)), *bootstrap.draw(61, resamples=5)])
    weighted = intervals.weigh_values(given, weights)
    assert weighted.keys() == OF_VALUES.keys() - NO_INTERVAL
    for i, row in enumerate(weights):
        expected, _ = compute(OF_VALUES, weighted, given.take(repeat(row)))
        assert {name: weighted[name][i] for name in expected} == pytest.approx(expected)


def test_the_interval_of_the_gain_over_the_majority_is_around_it() -> None:
    truth = np.arange(180) % 3
    given = replace(labels(180, 3), truth=truth, answers=np.where(truth % 2, 0, truth))
    weights = np.vstack([np.ones((1, 180)), *bootstrap.draw(180, resamples=500)])
    value, *drawn = intervals.weigh_labels(given, weights, {})["gain_over_majority"]
    assert value == pytest.approx(1 / 3)
    assert np.mean(drawn) == pytest.approx(value, abs=0.005)


def test_an_interval_of_accuracy_is_as_wide_as_the_binomials() -> None:
    given = labels(400, 2)
    metrics, _ = compute(METRICS, ["accuracy"], given)
    low, high = intervals.bootstrap_labels(given, metrics)["accuracy"]
    error = np.sqrt(metrics["accuracy"] * (1 - metrics["accuracy"]) / 400)
    assert low < metrics["accuracy"] < high
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_intervals_hold_the_true_value_about_as_often_as_they_say() -> None:
    generator, covered = np.random.default_rng(5), 0
    for _ in range(50):
        errors = generator.normal(0, 1, 200)
        measured = Regressor().measure(
            np.zeros(200).tolist(), errors[:, None].astype(np.float32), (), OutputBounds()
        )
        low, high = measured.intervals["rmse"]
        covered += low <= 1 <= high
    assert 43 <= covered <= 50


def test_a_part_of_many_rows_has_the_interval_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    given = labels(4_000, 2, Decision(1, 0.5))
    metrics, _ = compute(METRICS, METRICS, given)
    whole = intervals.bootstrap_labels(given, metrics)
    monkeypatch.setattr(intervals, "MAX_ROWS", 1_000)
    part = intervals.bootstrap_labels(given, metrics)
    assert whole.keys() == part.keys() == metrics.keys()
    for name, (low, high) in whole.items():
        assert part[name][1] - part[name][0] == pytest.approx(high - low, rel=0.25)
        assert part[name] == pytest.approx((low, high), abs=(high - low) / 4)


@pytest.mark.slow
@pytest.mark.parametrize("n_labels", [2, 100])
def test_many_rows_take_seconds(n_labels: int) -> None:
    given = labels(100_000, n_labels)
    metrics, _ = compute(METRICS, ["accuracy", "log_loss", "roc_auc"], given)
    started = time.thread_time()
    assert intervals.bootstrap_labels(given, metrics).keys() == metrics.keys()
    assert time.thread_time() - started < 30


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(replace(labels(9, 2), answers=labels(9, 2).truth), id="all are right"),
        pytest.param(labels(1, 2), id="one row"),
    ],
)
def test_resamples_that_agree_give_no_interval(given: LabelPredictions) -> None:
    metrics, _ = compute(METRICS, ["accuracy"], given)
    assert not intervals.bootstrap_labels(given, metrics)


def test_no_rows_give_no_interval() -> None:
    assert not bootstrap.bootstrap(lambda _: {}, {"mae": 1.0}, rows=0, of_rows=0)


def test_a_metric_that_most_resamples_lack_has_no_interval() -> None:
    given = labels(30, 2, Decision(1, 0.5))
    rare = replace(given, truth=np.eye(1, 30, dtype=np.int64)[0])
    metrics, _ = compute(METRICS, METRICS, rare)
    actual = intervals.bootstrap_labels(rare, metrics)
    assert "recall" not in actual
    assert "log_loss" in actual


def test_the_manifest_keeps_the_intervals_around_the_metrics(trained: Artifact) -> None:
    manifest: Any = trained.manifest
    assert manifest.intervals
    for name, (low, high) in manifest.intervals.items():
        assert low <= manifest.metrics[name] <= high
