"""What is beyond its bounds is said in words, and nothing else is said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from modelserve.monitoring import violations
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.results.captures import CaptureSummary, ObservedWindow
from modelserve.monitoring.results.drift import FieldDrift, Verdict
from modelserve.monitoring.results.fairness import Fairness, FairnessGap
from modelserve.monitoring.results.performance import (
    Confidence,
    FeedbackSummary,
    Metric,
    Performance,
)
from modelserve.monitoring.results.result import Violation

TIME = datetime(2026, 11, 21, tzinfo=UTC)
WINDOW = ObservedWindow(None, None, TIME, TIME, 10, 1_000)
CAPTURES = CaptureSummary(1, 0, 0, 0, 0, 0, 0, 0, (), {}, {})
DRIFT = FieldDrift(
    kind="input",
    field="age",
    bins=("00 (-inf, 30]", "01 (30, inf]", "(missing)"),
    edges=(30.0,),
    reference=(70, 50, 0),
    observed=(10, 190, 0),
    psi=0.7312,
    psi_critical=0.0888,
    p=0.0,
    adjusted_p=0.0,
    ks=0.5,
    ks_p=0.0,
    jensen_shannon=0.4,
    out_of_range=0,
    numbers=None,
    verdict=Verdict.VIOLATION,
)
CONFIDENCE = Confidence(500, 0.71, 0.85, 0.75, 0.001, Verdict.VIOLATION)
ACCURACY = Metric("accuracy", 0.6, 0.9, 0.81, 0.0, Verdict.VIOLATION)
MAE = Metric("mae", 61.5, 44.25, 48.675, 0.0, Verdict.VIOLATION)
GAP = FairnessGap("equalised_odds", 0.4, 0.2, "setosa", "north", "south", 0.001, Verdict.VIOLATION)
OK = [verdict for verdict in Verdict if verdict is not Verdict.VIOLATION]


def only(trained: Iterator[Violation]) -> tuple[str, str, str]:
    """Return the only violation."""
    (each,) = trained
    return each.name, each.check, each.description


def performance(metric: Metric) -> Performance:
    """Return a performance with this metric."""
    return Performance(FeedbackSummary(200, 0, 0, 0, 0, 0, 0, ()), (metric,), (), (), ())


def test_a_shift_is_reported_beside_its_bounds(bounds: MonitoringConfig) -> None:
    name, check, description = only(violations.of_field(DRIFT, bounds))
    assert (name, check) == ("age", "baseline_drift_check")
    assert description == (
        "PSI 0.731 over 200 rows; the threshold is 0.2, and the critical value beside 120 "
        "reference rows is 0.089"
    )


def test_an_input_and_an_output_of_one_name_have_their_own_runbooks(
    bounds: MonitoringConfig,
) -> None:
    (asked,) = violations.of_field(DRIFT, bounds)
    (answered,) = violations.of_field(replace(DRIFT, kind="prediction"), bounds)
    assert asked.name == answered.name
    assert (asked.runbook, answered.runbook) == ("input-drift", "prediction-drift")


def test_a_model_that_fails_is_reported_by_the_share_of_its_rows(bounds: MonitoringConfig) -> None:
    captures = replace(CAPTURES, degraded=25)
    name, check, description = only(violations.of_degraded(captures, WINDOW, bounds))
    assert (name, check) == ("degraded_share", "GreaterThanThreshold")
    assert description.startswith("the fallback answered 25 of 1000 rows, 2.50%; ")
    assert not list(violations.of_degraded(replace(CAPTURES, degraded=10), WINDOW, bounds))


def test_a_model_that_is_less_sure_is_reported_beside_training() -> None:
    name, check, description = only(violations.of_confidence(CONFIDENCE))
    assert (name, check) == ("mean_confidence", "LessThanThreshold")
    assert description == (
        "0.710 over 500 rows; it was 0.850 in training, and the threshold is 0.750"
    )


@pytest.mark.parametrize(
    ("metric", "check", "description"),
    [
        (
            ACCURACY,
            "LessThanThreshold",
            "0.6 over 200 rows with a ground truth; it was 0.9 in training",
        ),
        (
            MAE,
            "GreaterThanThreshold",
            "61.5 over 200 rows with a ground truth; it was 44.25 in training",
        ),
    ],
    ids=["below", "above"],
)
def test_a_figure_is_reported_beside_training(metric: Metric, check: str, description: str) -> None:
    actual = only(violations.of_performance(performance(metric)))
    assert actual[:2] == (metric.name, check)
    assert actual[2].startswith(description)


def test_a_gap_is_reported_with_its_groups() -> None:
    actual = violations.of_fairness(Fairness((), (GAP,)))
    assert only(actual) == (
        *("equalised_odds", "GreaterThanThreshold"),
        "0.400 for label setosa between north and south; the threshold is 0.2",
    )


@pytest.mark.parametrize("verdict", OK)
def test_what_is_not_breached_is_not_only(bounds: MonitoringConfig, verdict: Verdict) -> None:
    assert not list(violations.of_field(replace(DRIFT, verdict=verdict), bounds))
    assert not list(violations.of_confidence(replace(CONFIDENCE, verdict=verdict)))
    assert not list(violations.of_performance(performance(replace(MAE, verdict=verdict))))
    assert not list(violations.of_fairness(Fairness((), (replace(GAP, verdict=verdict),))))


def test_of_what_there_is_not_nothing_is_only() -> None:
    assert not list(violations.of_confidence(None))
    assert not list(violations.of_performance(None))
    assert not list(violations.of_fairness(None))
