"""A figure that chance may have put on its side of the threshold is named as such."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.results.captures import CaptureSummary
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.fairness import FairnessGap
from modelserve.monitoring.results.performance import Metric
from modelserve.monitoring.results.result import MonitoringResult
from modelserve.monitoring.uncertain import uncertain_figures
from modelserve.monitoring.violations import of_degraded

Run = Callable[..., MonitoringResult]


def metric(value: float, interval: tuple[float, float], verdict: Verdict = Verdict.OK) -> Metric:
    """Return an accuracy whose threshold is 0.8."""
    return Metric("accuracy", value, 0.9, 0.8, 0.3, verdict, interval)


@pytest.mark.parametrize(
    ("figure", "chance"),
    [
        pytest.param(metric(0.85, (0.75, 0.95)), "may be chance", id="met-by-chance"),
        pytest.param(metric(0.78, (0.70, 0.86)), "may be chance", id="missed-by-chance"),
        pytest.param(metric(0.95, (0.90, 0.99)), "", id="met"),
        pytest.param(metric(0.50, (0.40, 0.60), Verdict.VIOLATION), "", id="missed"),
        pytest.param(metric(0.78, (0.1, 0.99), Verdict.TOO_FEW), "", id="not-compared"),
        pytest.param(
            FairnessGap("equalised_odds", 0.3, 0.2, "a", "b", "c", 0.4, Verdict.OK),
            "may be chance",
            id="gap",
        ),
        pytest.param(
            FairnessGap("equalised_odds", 0.1, 0.2, "a", "b", "c", 0.4, Verdict.OK),
            "",
            id="no-gap",
        ),
    ],
)
def test_a_figure_may_be_chance(figure: Any, chance: str) -> None:
    assert figure.chance == chance


def test_few_rows_make_figures_uncertain(job: Run, production: Any) -> None:
    records = production.capture(production.rows[:55])
    truths = production.write_truths(records)
    result = job(production.write(records), ground_truth=truths)
    told = {each.name: each.description for each in uncertain_figures(result)}
    assert result.performance
    accuracy = result.performance.metrics[0]
    assert accuracy.interval
    assert accuracy.interval[0] < accuracy.value < accuracy.interval[1]
    assert ("accuracy" in told) == bool(accuracy.chance)


def test_drift_within_chance_is_named_with_its_critical_value(
    job: Run, production: Any, bounds: MonitoringConfig
) -> None:
    result = job(production.write(production.capture(production.rows[:55])))
    drift = replace(result.fields[0], psi=0.3, psi_critical=0.4, verdict=Verdict.OK, bound=0.2)
    (figure,) = uncertain_figures(replace(result, fields=(drift,), confidence=None))
    assert figure == (
        drift.field,
        "PSI 0.300 is over the threshold 0.2, but chance explains up to 0.400",
    )
    assert result.fields[0].bound == bounds.drift.psi


@pytest.mark.parametrize(
    ("degraded", "ending"),
    [
        pytest.param(1, "the threshold is 1.00%, which may be chance", id="one-of-few"),
        pytest.param(30, "the threshold is 1.00%", id="many"),
    ],
)
def test_a_share_of_few_rows_may_exceed_its_threshold_by_chance(
    job: Run, production: Any, bounds: MonitoringConfig, degraded: int, ending: str
) -> None:
    result = job(production.write(production.capture(production.rows[:55])))
    captures: CaptureSummary = replace(result.captures, degraded=degraded)
    (violation,) = of_degraded(captures, result.window, bounds)
    assert violation.description.endswith(ending)


@pytest.mark.parametrize(
    ("figure", "description"),
    [
        pytest.param(
            metric(0.85, (0.75, 0.95)),
            "0.85 is within the threshold 0.8, but its interval reaches over it: the true value "
            "lies between 0.75 and 0.95",
            id="accuracy-within",
        ),
        pytest.param(
            metric(0.78, (0.70, 0.86)),
            "0.78 may be chance: the true value lies between 0.7 and 0.86, and the threshold is "
            "0.8",
            id="accuracy-below",
        ),
        pytest.param(
            Metric("mae", 4.943, 4.6, 5.06, 0.3, Verdict.OK, (4.7, 5.2)),
            "4.943 is within the threshold 5.06, but its interval reaches over it: the true value "
            "lies between 4.7 and 5.2",
            id="mae-within",
        ),
        pytest.param(
            Metric("mae", 5.1, 4.6, 5.06, 0.3, Verdict.OK, (4.7, 5.5)),
            "5.1 may be chance: the true value lies between 4.7 and 5.5, and the threshold is 5.06",
            id="mae-above",
        ),
    ],
)
def test_a_figure_within_its_threshold_is_named_as_such(
    job: Run, production: Any, figure: Metric, description: str
) -> None:
    records = production.capture(production.rows[:55])
    result = job(production.write(records), ground_truth=production.write_truths(records))
    assert result.performance
    performance = replace(result.performance, metrics=(figure,), labels=())
    uncertain = replace(result, fields=(), confidence=None, fairness=None, performance=performance)
    assert [*uncertain_figures(uncertain)] == [(figure.name, description)]
