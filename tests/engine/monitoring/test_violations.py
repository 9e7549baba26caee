"""What is beyond its bounds is said in words, and nothing else is said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from modelserve.monitoring import violations
from modelserve.monitoring.config import Config
from modelserve.monitoring.findings import (
    Confidence,
    Fairness,
    FieldDrift,
    Gap,
    Metric,
    Outcomes,
    Performance,
    Read,
    Verdict,
    Violation,
    Window,
)

TIME = datetime(2026, 11, 21, tzinfo=UTC)
WINDOW = Window(None, None, TIME, TIME, 10, 1_000)
READ = Read(1, 0, 0, 0, 0, 0, 0, (), {}, {})
SHIFT = FieldDrift(
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
GAP = Gap("equalised_odds", 0.4, 0.2, "setosa", "north", "south", 0.001, Verdict.VIOLATION)
OK = [verdict for verdict in Verdict if verdict is not Verdict.VIOLATION]


def told(found: Iterator[Violation]) -> tuple[str, str, str]:
    """Return the one thing that is told."""
    (each,) = found
    return each.name, each.check, each.description


def judged(metric: Metric) -> Performance:
    """Return the performance that this figure tells of."""
    return Performance(Outcomes(200, 0, 0, 0, 0, 0, 0, ()), (metric,), (), (), ())


def test_a_shift_is_told_beside_its_bounds(bounds: Config) -> None:
    name, check, description = told(violations.of_shift(SHIFT, bounds))
    assert (name, check) == ("age", "baseline_drift_check")
    assert description == (
        "PSI 0.731 over 200 rows; the bound is 0.2, and chance stays below 0.089 beside 120 rows "
        "of training"
    )


def test_a_model_that_fails_is_told_by_the_share_of_its_rows(bounds: Config) -> None:
    read = replace(READ, degraded=25)
    name, check, description = told(violations.of_degraded(read, WINDOW, bounds))
    assert (name, check) == ("degraded_share", "GreaterThanThreshold")
    assert description.startswith("the training prior answered 25 of 1000 rows, 2.50%; ")
    assert not list(violations.of_degraded(replace(READ, degraded=10), WINDOW, bounds))


def test_a_model_that_is_less_sure_is_told_beside_training() -> None:
    name, check, description = told(violations.of_confidence(CONFIDENCE))
    assert (name, check) == ("mean_confidence", "LessThanThreshold")
    assert description == ("0.710 over 500 rows; it was 0.850 in training, and the bound is 0.750")


@pytest.mark.parametrize(
    ("metric", "check", "description"),
    [
        (ACCURACY, "LessThanThreshold", "0.6 over 200 rows with a truth; it was 0.9 in training"),
        (MAE, "GreaterThanThreshold", "61.5 over 200 rows with a truth; it was 44.25 in training"),
    ],
    ids=["below", "above"],
)
def test_a_figure_is_told_beside_training(metric: Metric, check: str, description: str) -> None:
    found = told(violations.of_performance(judged(metric)))
    assert found[:2] == (metric.name, check)
    assert found[2].startswith(description)


def test_a_gap_is_told_with_its_groups() -> None:
    found = violations.of_fairness(Fairness((), (GAP,)))
    assert told(found) == (
        *("equalised_odds", "GreaterThanThreshold"),
        "0.400 about setosa between north and south; the bound is 0.2",
    )


@pytest.mark.parametrize("verdict", OK)
def test_what_is_not_breached_is_not_told(bounds: Config, verdict: Verdict) -> None:
    assert not list(violations.of_shift(replace(SHIFT, verdict=verdict), bounds))
    assert not list(violations.of_confidence(replace(CONFIDENCE, verdict=verdict)))
    assert not list(violations.of_performance(judged(replace(MAE, verdict=verdict))))
    assert not list(violations.of_fairness(Fairness((), (replace(GAP, verdict=verdict),))))


def test_of_what_there_is_not_nothing_is_told() -> None:
    assert not list(violations.of_confidence(None))
    assert not list(violations.of_performance(None))
    assert not list(violations.of_fairness(None))
