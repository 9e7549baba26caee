"""A regressor's answers beside their truths give the figures that training would give."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Interval, Manifest, OutputBounds
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.exact import array_from_units, from_units
from modelserve.monitoring.regressor.answers import RegressorAnswers
from modelserve.monitoring.regressor.outcomes import ErrorSums, RegressorTruths
from modelserve.monitoring.regressor.performance import regressor_performance
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.performance import FeedbackSummary, Metric, Performance
from sklearn.metrics import (
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

FAMILIES = ("diabetes",)

FEEDBACK = FeedbackSummary(0, 0, 0, 0, 0, 0, 0, ())
REFERENCE = {"value": {"edges": [0.0, 10.0], "counts": [1, 1, 1], "missing": 0}}
FIGURES = {"mae": 10.0, "rmse": 12.0, "r2": 0.5, "interval_coverage": 0.9}


@pytest.fixture
def manifest(trained: Artifact) -> Manifest:
    """Return a model's manifest with other figures."""
    interval = Interval(coverage=0.9, half_width=20.0, fallback_half_width=30.0)
    kept = OutputBounds(interval=interval)
    return trained.manifest.model_copy(update={"metrics": FIGURES, "output_bounds": kept})


@pytest.fixture
def tally(manifest: Manifest) -> Callable[..., ErrorSums]:
    """Return a way to count answers with their truths."""

    def make(values: Any, truths: Any, late: bool = False) -> ErrorSums:
        rows = len(values)
        actual = RegressorTruths(manifest, REFERENCE).empty_counts(groups=1)
        actual.add(
            RegressorAnswers(np.asarray(values, dtype=np.float64)),
            np.asarray(truths, dtype=np.float64),
            np.zeros(rows, dtype=np.int64),
            np.full(rows, late),
        )
        return actual

    return make


def drawn(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return answers and truths."""
    random = np.random.default_rng(13)
    truths = random.normal(5, 30, rows)
    return truths + random.normal(2, 12, rows), truths


def off_by(error: float, spread: float, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return answers that are off by so much on average."""
    signs = np.where(np.arange(rows) % 2, 1, -1)
    return error + spread * signs, np.zeros(rows)


def metrics(trained: Performance) -> dict[str, Metric]:
    """Return the figures by name."""
    return {each.name: each for each in trained.metrics}


def test_the_figures_are_those_of_scikit_learn(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    values, truths = drawn(500)
    actual = metrics(
        regressor_performance(tally(values, truths), FEEDBACK, manifest, bounds.quality, {})
    )
    expected = {
        "mae": mean_absolute_error(truths, values),
        "rmse": root_mean_squared_error(truths, values),
        "r2": r2_score(truths, values),
        "interval_coverage": np.mean(np.abs(truths - values) <= 20),
        "overestimated_share": np.mean(values > truths),
    }
    assert {name: each.value for name, each in actual.items()} == pytest.approx(expected)
    assert {name: actual[name].training for name in FIGURES} == FIGURES
    assert actual["overestimated_share"].training is None


def test_a_truth_is_a_finite_number(manifest: Manifest) -> None:
    actual = RegressorTruths(manifest, REFERENCE)
    assert [actual.truth(text) for text in ("1.5", "-2", "1e3")] == [1.5, -2, 1000]
    for text in ("nan", "inf", "", "much"):
        with pytest.raises(ValueError, match=r"not finite|could not convert"):
            actual.truth(text)


def test_without_an_interval_nothing_is_said_of_one(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    plain = manifest.model_copy(update={"output_bounds": OutputBounds()})
    counted = RegressorTruths(plain, REFERENCE).empty_counts(groups=1)
    counted.merge(tally([1.0], [2.0]))
    assert "interval_coverage" not in metrics(
        regressor_performance(counted, FEEDBACK, plain, bounds.quality, {})
    )


def test_of_truths_that_are_all_alike_nothing_can_be_explained(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    actual = metrics(
        regressor_performance(tally([1.0, 2.0], [5.0, 5.0]), FEEDBACK, manifest, bounds.quality, {})
    )
    assert "r2" not in actual
    assert actual["mae"].value == 3.5


def test_answers_are_set_beside_truths_by_their_bins(
    tally: Any, manifest: Manifest, bounds: MonitoringConfig
) -> None:
    counted = tally([-5, 0, 5, 7, 50], [-4, 2, 6, 6, 40])
    actual = regressor_performance(counted, FEEDBACK, manifest, bounds.quality, {}).calibration
    points = [(each.rows, each.predicted, each.actual) for each in actual]
    assert points == [(2, -2.5, -1.0), (2, 6.0, 6.0), (1, 50.0, 40.0)]


def test_answers_of_which_nothing_was_kept_are_not_counted(tally: Any) -> None:
    counted = tally([np.nan, 3], [1, 1], late=True)
    assert (counted.counted, counted.late, counted.unknown_label) == (1, 1, 0)


def test_tallies_of_several_processes_add_up(tally: Any) -> None:
    values, truths = drawn(300)
    whole = tally(values, truths)
    parts = tally(values[:100], truths[:100], late=True)
    parts.merge(tally(values[100:], truths[100:]))
    assert (parts.counted, parts.late, parts.over, parts.within) == (
        *(300, 100),
        *(whole.over, whole.within),
    )
    assert from_units(parts.squares) == pytest.approx(from_units(whole.squares))
    assert parts.truths.squares == pytest.approx(whole.truths.squares)
    assert parts.errors[0].deviation == pytest.approx(whole.errors[0].deviation)
    assert array_from_units(parts.steps) == pytest.approx(array_from_units(whole.steps))


@pytest.mark.parametrize(
    ("error", "spread", "rows", "verdict"),
    [
        pytest.param(10, 5, 500, Verdict.OK, id="as-in-training"),
        pytest.param(10.9, 5, 500, Verdict.OK, id="within-the-bound"),
        pytest.param(11.3, 5, 500, Verdict.OK, id="above-by-chance-perhaps"),
        pytest.param(12, 5, 500, Verdict.VIOLATION, id="above"),
        pytest.param(20, 5, 50, Verdict.VIOLATION, id="as-few-rows-as-may-be"),
        pytest.param(20, 5, 49, Verdict.TOO_FEW, id="one-row-fewer"),
        pytest.param(12, 0, 50, Verdict.VIOLATION, id="all-alike"),
        pytest.param(10, 0, 50, Verdict.OK, id="all-alike-and-as-in-training"),
    ],
)
def test_the_error_may_not_lie_above_its_ceiling_by_more_than_chance(
    tally: Any,
    manifest: Manifest,
    bounds: MonitoringConfig,
    *,
    error: float,
    spread: float,
    rows: int,
    verdict: Verdict,
) -> None:
    counted = tally(*off_by(error, spread, rows))
    actual = regressor_performance(counted, FEEDBACK, manifest, bounds.quality, {}).metrics[0]
    assert (actual.name, actual.verdict) == ("mae", verdict)
    assert actual.bound == pytest.approx(11)


def test_without_a_truth_there_is_no_figure(tally: Any, manifest: Manifest, bounds: Any) -> None:
    actual = regressor_performance(tally([], []), FEEDBACK, manifest, bounds.quality, {})
    assert (actual.metrics, actual.calibration, actual.labels, actual.confusion) == ((), (), (), ())
