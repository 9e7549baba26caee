"""A classifier's metrics equal those computed by hand."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import InvalidInputError
from modelserve.manifest import OutputBounds
from modelserve.training.classifier import Classifier
from modelserve.training.sections import OutputSection

CLASSIFIER = Classifier()
LABELS = ("a", "b", "c")
SURE = np.eye(3, dtype=np.float32) * 0.94 + 0.02


def measure(
    target: list[Any], answers: np.ndarray, labels: tuple[str, ...] = LABELS
) -> dict[str, float]:
    """Return the metrics of a classifier's answers."""
    return CLASSIFIER.measure(target, answers, labels, OutputBounds()).metrics


def test_a_classifier_that_is_always_right_has_the_best_metrics() -> None:
    metrics = measure(["a", "b", "c"], SURE)
    assert metrics == {
        "accuracy": 1,
        "gain_over_majority": pytest.approx(2 / 3),
        "macro_f1": 1,
        "log_loss": pytest.approx(-math.log(0.96 / 1.0), abs=1e-6),
        "mean_confidence": pytest.approx(0.96),
        "balanced_accuracy": 1,
        "mcc": 1,
        "roc_auc": 1,
        "calibration_error": pytest.approx(0.04),
    }


def test_a_classifier_that_is_always_wrong_has_the_worst_metrics() -> None:
    metrics = measure(["b", "c", "a"], SURE)
    assert (metrics["accuracy"], metrics["macro_f1"]) == (0, 0)
    assert metrics["gain_over_majority"] == pytest.approx(-1 / 3)
    assert metrics["log_loss"] == pytest.approx(-math.log(0.02), abs=1e-6)


def test_confidence_is_the_likeliest_labels_whether_it_is_right_or_wrong() -> None:
    answers = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], dtype=np.float32)
    for target in (["a", "c"], ["b", "a"]):
        assert measure(target, answers)["mean_confidence"] == pytest.approx(0.6)


def test_macro_f1_weighs_each_label_alike() -> None:
    # Every row is called "a": right 8 times of 10, and never for "b".
    answers = np.repeat([[0.9, 0.1]], 10, axis=0).astype(np.float32)
    metrics = measure(["a"] * 8 + ["b"] * 2, answers, ("a", "b"))
    assert metrics["accuracy"] == pytest.approx(0.8)
    assert metrics["macro_f1"] == pytest.approx((2 * 8 / 18 + 0) / 2)


def test_naming_the_commonest_label_gains_nothing() -> None:
    answers = np.repeat([[0.9, 0.1]], 10, axis=0).astype(np.float32)
    assert measure(["a"] * 8 + ["b"] * 2, answers, ("a", "b"))["gain_over_majority"] == 0


def test_rows_that_do_not_quite_sum_to_one_are_normalised() -> None:
    answers = np.array([[0.5, 0.25, 0.25001]], dtype=np.float32)
    assert measure(["a"], answers)["log_loss"] == pytest.approx(0.693, abs=1e-3)


def test_a_label_without_rows_counts_as_zero_in_f1() -> None:
    metrics = measure(["a", "b"], SURE[:2])
    assert metrics["accuracy"] == 1
    assert metrics["macro_f1"] == pytest.approx(2 / 3)


def test_labels_may_be_numbers_in_the_table() -> None:
    metrics = measure([0, 1, 1], SURE[[0, 1, 1]], ("0", "1", "2"))
    assert metrics["accuracy"] == 1


def test_every_label_that_the_model_does_not_know_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        measure(["a", "y", "x"], SURE)
    assert [each.pointer for each in caught.value.errors] == ["x", "y"]


def test_the_fallback_is_each_labels_share() -> None:
    assert CLASSIFIER.fallback(["b", "a", "b", "b"], LABELS) == (0.25, 0.75, 0)
    assert CLASSIFIER.fallback([1, 0, 1, 1], ("0", "1")) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        pytest.param(["b", "c", "a", "b"], ("a", "b", "c"), id="texts"),
        pytest.param([10, 9, 10], ("9", "10"), id="numbers"),
        pytest.param([True, False], ("False", "True"), id="truths"),
    ],
)
def test_labels_stand_in_order_and_once(target: list[object], labels: tuple[str, ...]) -> None:
    assert CLASSIFIER.labels_of(target) == labels


def test_the_split_keeps_the_labels_shares() -> None:
    target = np.array(["a", "b"], dtype=object)
    assert CLASSIFIER.stratify(target) is target


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        pytest.param([2.0, 1.0, 2.0], ("1", "2"), id="whole floats"),
        pytest.param([0.5, 1.0], ("0.5", "1"), id="floats"),
        pytest.param([1, 0], ("0", "1"), id="integers"),
        pytest.param([True, False], ("False", "True"), id="truths"),
        pytest.param(["yes", "no"], ("no", "yes"), id="texts"),
    ],
)
@pytest.mark.parametrize("nullable", [True, False])
def test_a_label_is_named_as_it_is_written_by_hand(
    target: list[object], labels: tuple[str, ...], nullable: bool
) -> None:
    given = pd.Series(target, name="kind")
    prepared = CLASSIFIER.prepare(given.convert_dtypes() if nullable else given)
    assert CLASSIFIER.labels_of(prepared.tolist()) == labels
    assert tuple(map(str, np.unique(prepared.to_numpy()))) == labels  # as a fitted model has them


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(np.arange(300) / 7, id="numbers"),
        pytest.param(np.arange(300) % 150, id="as many whole numbers as half of the rows"),
    ],
)
def test_a_target_of_many_numbers_is_refused_with_the_way_out(target: np.ndarray) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CLASSIFIER.prepare(pd.Series(target, name="price"))
    (error,) = caught.value.errors
    assert error.pointer == "price"
    assert error.detail.endswith('values and no labels; write task = "regressor"')


def test_many_labels_that_are_whole_numbers_are_labels_among_many_rows() -> None:
    target = pd.Series(np.arange(3_000) % 60)
    assert CLASSIFIER.prepare(target) is target


@pytest.mark.parametrize("label", ["a", 7, True])
def test_a_target_with_one_label_is_rejected(label: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CLASSIFIER.stratify(np.array([label] * 3, dtype=object))
    problem = "the only label; a classifier needs two or more"
    assert list(caught.value.errors) == [(str(label), problem)]


def test_a_classifier_has_no_output_bounds() -> None:
    kept = CLASSIFIER.output_bounds([], SURE[:0], (0.5, 0.5), OutputSection())
    assert kept == OutputBounds()
