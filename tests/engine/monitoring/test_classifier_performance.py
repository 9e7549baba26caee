"""A classifier's answers beside their truths give the figures that training would give."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Manifest
from modelserve.monitoring.classifier.answers import ClassifierAnswers
from modelserve.monitoring.classifier.outcomes import ClassifierTruths, ConfusionCounts
from modelserve.monitoring.classifier.performance import classifier_performance
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.exact import array_from_units, from_units
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.performance import FeedbackSummary, Metric, Performance
from sklearn.metrics import accuracy_score, f1_score, log_loss

FEEDBACK = FeedbackSummary(0, 0, 0, 0, 0, 0, 0, ())
LABELS = ("cat", "dog", "eel")


@pytest.fixture
def manifest(trained: Artifact) -> Manifest:
    """Return a model's manifest with other labels and figures."""
    figures = {"accuracy": 0.9, "macro_f1": 0.9, "log_loss": 0.3, "mean_confidence": 0.85}
    return trained.manifest.model_copy(update={"labels": LABELS, "metrics": figures})


@pytest.fixture
def tally(manifest: Manifest) -> Callable[..., ConfusionCounts]:
    """Return a way to count answers with their truths."""

    def make(
        answers: ClassifierAnswers, truths: Any, groups: Any = None, late: Any = None
    ) -> ConfusionCounts:
        rows = len(answers.codes)
        actual = ClassifierTruths(manifest).empty_counts(groups=1)
        actual.add(
            answers,
            np.asarray(truths, dtype=np.float64),
            np.zeros(rows, dtype=np.int64) if groups is None else groups,
            np.zeros(rows, dtype=np.bool_) if late is None else late,
        )
        return actual

    return make


def drawn(rows: int) -> tuple[ClassifierAnswers, np.ndarray]:
    """Return answers of a model that is calibrated, and the truths."""
    random = np.random.default_rng(11)
    shares = random.dirichlet([0.5] * 3, rows).round(6)
    truths = np.array([random.choice(3, p=each / each.sum()) for each in shares])
    return ClassifierAnswers(shares.argmax(axis=1), shares), truths


def metrics(trained: Performance) -> dict[str, Metric]:
    """Return the figures by name."""
    return {each.name: each for each in trained.metrics}


def right_of(count: int, rows: int) -> tuple[ClassifierAnswers, np.ndarray]:
    """Return answers of which so many are right."""
    shares = np.tile([0.8, 0.1, 0.1], (rows, 1))
    return ClassifierAnswers(np.zeros(rows, dtype=np.int64), shares), (
        np.arange(rows) >= count
    ).astype(int)


def test_the_figures_are_those_of_scikit_learn(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    answers, truths = drawn(500)
    actual = metrics(
        classifier_performance(tally(answers, truths), FEEDBACK, manifest, bounds.quality, {})
    )
    shares = answers.probabilities / answers.probabilities.sum(axis=1, keepdims=True)
    accuracy = accuracy_score(truths, answers.codes)
    expected = {
        "accuracy": accuracy,
        "gain_over_majority": accuracy - np.bincount(truths).max() / 500,
        "macro_f1": f1_score(truths, answers.codes, average="macro"),
        "log_loss": log_loss(truths, shares),
    }
    for name, value in expected.items():
        assert actual[name].value == pytest.approx(value, rel=1e-4)
    assert [each.training for each in actual.values()] == [0.9, None, 0.9, 0.3, None]


def test_a_truth_is_a_label_s_number_and_one_more_for_any_other(manifest: Manifest) -> None:
    actual = ClassifierTruths(manifest)
    assert [actual.truth(text) for text in ("cat", "eel", "Cat", "0")] == [0, 2, 3, 3]
    with pytest.raises(ValueError, match="without a label"):
        actual.truth("")


def test_labels_are_distinguished(tally: Any, manifest: Manifest, bounds: MonitoringConfig) -> None:
    answers = ClassifierAnswers(np.array([0, 0, 0, 1, 1]), np.full((5, 3), np.nan))
    actual = classifier_performance(
        tally(answers, [0, 0, 1, 1, 3]), FEEDBACK, manifest, bounds.quality, {}
    )
    assert actual.confusion == ((2, 1, 0, 0), (0, 1, 0, 1), (0, 0, 0, 0))
    cat, dog, eel = actual.labels
    assert (cat.label, cat.precision, cat.recall) == ("cat", 2 / 3, 1.0)
    assert (dog.precision, dog.recall) == (0.5, 0.5)
    assert (eel.precision, eel.recall) == (None, None)
    assert metrics(actual)["accuracy"].value == 0.6


def test_a_label_that_the_model_does_not_know_is_always_wrong(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    answers, _ = right_of(4, 4)
    counted = tally(answers, [0, 0, 3, 3])
    actual = metrics(classifier_performance(counted, FEEDBACK, manifest, bounds.quality, {}))
    assert (counted.counted, counted.unknown_label) == (4, 2)
    assert actual["accuracy"].value == 0.5
    assert actual["log_loss"].value == pytest.approx(-np.log(0.8))


def test_a_probability_that_was_rounded_to_nought_was_not_nought(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    answers = ClassifierAnswers(np.array([0]), np.array([[1.0, 0.0, 0.0]]))
    actual = metrics(
        classifier_performance(tally(answers, [1]), FEEDBACK, manifest, bounds.quality, {})
    )
    assert actual["log_loss"].value == pytest.approx(-np.log(0.5e-6))


def test_a_calibrated_model_lies_on_the_diagonal(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    actual = classifier_performance(tally(*drawn(20_000)), FEEDBACK, manifest, bounds.quality, {})
    assert sum(each.rows for each in actual.calibration) == 20_000
    for each in actual.calibration:
        assert each.actual == pytest.approx(each.predicted, abs=4 / each.rows**0.5)
    assert metrics(actual)["calibration_error"].value < 0.02


def test_one_that_is_too_sure_lies_below(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    actual = classifier_performance(
        tally(*right_of(50, 100)), FEEDBACK, manifest, bounds.quality, {}
    )
    ((point),) = actual.calibration
    assert (point.rows, point.predicted, point.actual) == (100, pytest.approx(0.8), 0.5)
    assert metrics(actual)["calibration_error"].value == pytest.approx(0.3)


def test_answers_of_which_nothing_was_kept_are_not_counted(tally: Any) -> None:
    answers = ClassifierAnswers(np.array([-1, 0]), np.full((2, 3), np.nan))
    counted = tally(answers, [0, 0], late=np.array([True, True]))
    assert (counted.counted, counted.late, counted.log_loss_rows) == (1, 1, 0)


def test_tallies_of_several_processes_add_up(tally: Any) -> None:
    answers, truths = drawn(300)
    whole = tally(answers, truths)
    parts = [tally(answers.take(i), truths[i]) for i in (np.arange(100), np.arange(100, 300))]
    parts[0].merge(parts[1])
    assert parts[0].counts.tolist() == whole.counts.tolist()
    assert array_from_units(parts[0].steps) == pytest.approx(array_from_units(whole.steps))
    assert from_units(parts[0].log_loss) == pytest.approx(from_units(whole.log_loss))
    assert parts[0].log_loss_rows == 300


@pytest.mark.parametrize(
    ("right", "rows", "verdict"),
    [
        pytest.param(450, 500, Verdict.OK, id="as-in-training"),
        pytest.param(400, 500, Verdict.OK, id="below-by-chance-perhaps"),
        pytest.param(380, 500, Verdict.VIOLATION, id="far-below"),
        pytest.param(30, 50, Verdict.VIOLATION, id="as-few-rows-as-may-be"),
        pytest.param(29, 49, Verdict.TOO_FEW, id="one-row-fewer"),
    ],
)
def test_accuracy_may_not_lie_below_its_floor_by_more_than_chance(
    tally: Any,
    manifest: Manifest,
    bounds: MonitoringConfig,
    *,
    right: int,
    rows: int,
    verdict: Verdict,
) -> None:
    actual = classifier_performance(
        tally(*right_of(right, rows)), FEEDBACK, manifest, bounds.quality, {}
    ).metrics[0]
    assert (actual.name, actual.verdict) == ("accuracy", verdict)
    assert actual.bound == pytest.approx(0.81)


def test_without_a_truth_there_is_no_figure(tally: Any, manifest: Manifest, bounds: Any) -> None:
    actual = classifier_performance(tally(*right_of(0, 0)), FEEDBACK, manifest, bounds.quality, {})
    assert (actual.metrics, actual.calibration) == ((), ())
