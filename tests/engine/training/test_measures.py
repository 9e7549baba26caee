"""Metrics are scikit-learn's, and one that cannot be computed says why."""

import math
from typing import Any

import numpy as np
import pytest
from modelserve.answers import Decision
from modelserve.manifest import Interval, OutputBounds
from modelserve.metric_table import METRICS, info_of
from modelserve.training import gate
from modelserve.training.classifier import Classifier
from modelserve.training.measures import classification, regression
from modelserve.training.measures.measurement import Measurement
from modelserve.training.regressor import Regressor
from modelserve.training.sections import Gate
from sklearn import metrics as sk

from tests.engine.families import LIBRARY

BOUNDS = OutputBounds(interval=Interval(coverage=0.8, half_width=1.5, fallback_half_width=9))
NAMED = {"classifier": classification.METRICS, "regressor": regression.METRICS}


def answers(rows: int, labels: int, *, seed: int = 0) -> tuple[list[int], np.ndarray]:
    """Return labels and probabilities that have something to do with each other."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, labels, rows)
    scores = generator.normal(size=(rows, labels)) + 1.2 * np.eye(labels)[truth]
    shares = np.exp(scores).round(2)
    return truth.tolist(), (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def classify(
    target: Any, outputs: Any, labels: tuple[str, ...], decision: Decision | None = None, *also: str
) -> Measurement:
    """Return the metrics of a classifier's outputs."""
    return Classifier().measure(target, outputs, labels, OutputBounds(), decision, named=also)


def regress(target: Any, guess: Any, bounds: OutputBounds = BOUNDS, *also: str) -> Measurement:
    """Return the metrics of a regressor's outputs."""
    outputs = np.asarray(guess, dtype=np.float32)[:, None]
    return Regressor().measure(target, outputs, (), bounds, named=also)


def test_every_metric_has_its_meaning_and_its_direction() -> None:
    for task, functions in NAMED.items():
        assert {name for name, each in METRICS.items() if each.task == task} == set(functions)


@pytest.mark.parametrize(
    ("name", "lower"),
    [("recall:yes", False), ("log_loss", True), ("mape", True), ("precision:a:b", False)],
)
def test_the_direction_of_a_metric_is_known(name: str, lower: bool) -> None:
    info = info_of(name)
    assert info is not None
    assert (info.better == "lower") == lower


def test_the_documentation_lists_every_metric_with_its_direction() -> None:
    text = (LIBRARY / "docs" / "metrics.md").read_text(encoding="utf-8")
    for name, each in METRICS.items():
        assert f"| `{name}` | {f'{each.better} ' if each.better else ''}| " in text


def test_a_projects_own_metric_is_not_in_the_table() -> None:
    assert info_of("profit") is None


def test_the_metrics_of_three_labels_are_scikit_learns() -> None:
    target, outputs = answers(200, 3)
    guess = outputs.argmax(axis=1)
    shares = outputs.astype(np.float64) / outputs.astype(np.float64).sum(axis=1, keepdims=True)
    measured = classify(target, outputs, ("0", "1", "2"), None, "brier_score", "recall:2").metrics
    assert measured["balanced_accuracy"] == sk.balanced_accuracy_score(target, guess)
    assert measured["mcc"] == sk.matthews_corrcoef(target, guess)
    assert measured["roc_auc"] == pytest.approx(
        sk.roc_auc_score(target, shares, multi_class="ovr", average="macro")
    )
    assert measured["brier_score"] == sk.brier_score_loss(target, shares)
    assert measured["recall:2"] == sk.recall_score(target, guess, average=None)[2]
    assert measured["log_loss"] == pytest.approx(sk.log_loss(target, shares), abs=1e-12)


def test_the_metrics_of_the_positive_label_follow_the_threshold() -> None:
    target, outputs = answers(200, 2)
    found = outputs[:, 0] >= np.float32(0.3)
    measured = classify(target, outputs, ("0", "1"), Decision(0, float(np.float32(0.3)))).metrics
    truth = np.array(target) == 0
    assert measured["precision"] == sk.precision_score(truth, found)
    assert measured["recall"] == sk.recall_score(truth, found)
    assert measured["f1"] == sk.f1_score(truth, found)
    assert measured["pr_auc"] == pytest.approx(
        sk.average_precision_score(truth, outputs[:, 0]), abs=1e-6
    )


def test_sums_of_rounded_shares_are_probabilities() -> None:
    given = np.array([[1.0000017, -1.66893e-06], [0.25, 0.75]], dtype=np.float32)
    metrics = classify(["a", "b"], given, ("a", "b"), None, "brier_score").metrics
    clipped = classify(["a", "b"], given.clip(0, 1), ("a", "b"), None, "brier_score").metrics
    assert metrics == pytest.approx(clipped, abs=1e-5)


def test_labels_that_sort_otherwise_as_texts_keep_their_probabilities() -> None:
    outputs = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    measured = classify([9, 10], outputs, ("9", "10")).metrics
    assert measured["log_loss"] == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2, abs=1e-6)


def test_the_calibration_error_is_the_distance_of_confidence_from_accuracy() -> None:
    # Of ten answers with 0.85, five are right; of ten with 0.65, six.
    outputs = np.array([[0.85, 0.15]] * 10 + [[0.65, 0.35]] * 10, dtype=np.float32)
    target = ["a"] * 5 + ["b"] * 5 + ["a"] * 6 + ["b"] * 4
    measured = classify(target, outputs, ("a", "b")).metrics
    assert measured["calibration_error"] == pytest.approx((0.35 + 0.05) / 2, abs=1e-6)


def test_the_metrics_of_values_are_scikit_learns() -> None:
    generator = np.random.default_rng(1)
    target = generator.normal(5, 2, 200)
    guess = (target + generator.normal(0, 1, 200)).astype(np.float32)
    also = ("mape", "max_error", "explained_variance")
    measured = regress(target.tolist(), guess, BOUNDS, *also).metrics
    exact = guess.astype(np.float64)
    assert measured["median_absolute_error"] == sk.median_absolute_error(target, exact)
    assert measured["mape"] == sk.mean_absolute_percentage_error(target, exact)
    assert measured["max_error"] == sk.max_error(target, exact)
    assert measured["explained_variance"] == sk.explained_variance_score(target, exact)
    assert measured["pinball_loss"] == pytest.approx(
        (
            sk.mean_pinball_loss(target, exact - 1.5, alpha=0.1)
            + sk.mean_pinball_loss(target, exact + 1.5, alpha=0.9)
        )
        / 2
    )


ONE = np.array([[0.9, 0.1], [0.8, 0.2]], dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "measured", "reason"),
    [
        pytest.param("roc_auc", classify(["a", "a"], ONE, ("a", "b")), "one label", id="roc"),
        pytest.param(
            "pr_auc",
            classify(["a", "a"], ONE, ("a", "b"), Decision(1, 0.5)),
            "no row has the label 'b'",
            id="no positive row",
        ),
        pytest.param(
            "precision",
            classify(["a", "b"], ONE, ("a", "b"), Decision(1, 0.5)),
            "no answer is 'b'",
            id="no positive answer",
        ),
        pytest.param(
            "f1",
            classify(["a", "b"], ONE, ("a", "b"), None, "f1"),
            "[target] positive",
            id="no positive label",
        ),
        pytest.param(
            "recall:b", classify(["a", "a"], ONE, ("a", "b"), None, "recall:b"), "'b'", id="label"
        ),
        pytest.param(
            "mape", regress([0, 1.0], [1, 1], BOUNDS, "mape"), "0 in 1 of 2 rows", id="mape"
        ),
        pytest.param(
            "pinball_loss",
            regress([0, 1.0], [1, 1], OutputBounds(), "pinball_loss"),
            "calibration_size",
            id="no interval",
        ),
        pytest.param("r2", regress([1.0], [1]), "two rows", id="one row"),
    ],
)
def test_a_metric_that_cannot_be_computed_says_why_and_passes_no_gate(
    name: str, measured: Measurement, reason: str
) -> None:
    assert math.isnan(measured.metrics[name])
    bounds = Gate(minimum={name: -math.inf})
    missed = gate.failures(gate.compare(measured.metrics, bounds, measured.reasons))
    assert missed.startswith(f"{name} is nan (")
    assert reason in missed


def test_metrics_are_measured_of_a_label_that_no_row_has() -> None:
    target, outputs = answers(50, 3)
    measured = classify(target, np.hstack([outputs[:, :2], outputs[:, 2:]]), ("0", "1", "2"))
    without = [0 if each == 2 else each for each in target]
    assert all(map(math.isfinite, classify(without, outputs, ("0", "1", "2")).metrics.values()))
    assert not measured.reasons
