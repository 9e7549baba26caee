"""Describes each exceeded threshold in words, in the terms of SageMaker's Model Monitor."""

from collections.abc import Iterator

from .config import MonitoringConfig
from .results.captures import CaptureSummary, ObservedWindow
from .results.drift import FieldDrift, Verdict, share
from .results.fairness import Fairness
from .results.performance import Confidence, Metric, Performance
from .results.result import Violation

DRIFT, BELOW, ABOVE = "baseline_drift_check", "LessThanThreshold", "GreaterThanThreshold"


def of_field(drift: FieldDrift, config: MonitoringConfig) -> Iterator[Violation]:
    """Yield the violation of a field's distribution."""
    if drift.verdict is Verdict.VIOLATION:
        yield Violation(
            drift.field,
            DRIFT,
            f"PSI {drift.psi:.3f} over {drift.rows} rows; the threshold is {config.drift.psi:g}, "
            f"and the critical value beside {sum(drift.reference)} training rows is "
            f"{drift.psi_critical:.3f}",
        )


def of_degraded(
    captures: CaptureSummary, window: ObservedWindow, config: MonitoringConfig
) -> Iterator[Violation]:
    """Yield the violation of the share of rows that the fallback answered."""
    degraded = share(captures.degraded, window.rows)
    if degraded > config.limits.degraded_share:
        yield Violation(
            "degraded_share",
            ABOVE,
            f"the fallback answered {captures.degraded} of {window.rows} rows, {degraded:.2%}; "
            f"the threshold is {config.limits.degraded_share:.2%}",
        )


def of_confidence(confidence: Confidence | None) -> Iterator[Violation]:
    """Yield the violation of the mean confidence."""
    if confidence and confidence.verdict is Verdict.VIOLATION:
        yield Violation(
            "mean_confidence",
            BELOW,
            f"{confidence.mean:.3f} over {confidence.rows} rows; it was {confidence.training:.3f} "
            f"in training, and the threshold is {confidence.bound:.3f}",
        )


def of_performance(performance: Performance | None) -> Iterator[Violation]:
    """Yield the violations of the metrics of predictions with a ground truth."""
    for metric in performance.metrics if performance else ():
        if performance and metric.verdict is Verdict.VIOLATION:
            yield _of_metric(metric, performance.feedback.counted)


def of_fairness(fairness: Fairness | None) -> Iterator[Violation]:
    """Yield the violations of the gaps between groups."""
    for gap in fairness.gaps if fairness else ():
        if gap.verdict is Verdict.VIOLATION:
            label = f" for label {gap.label}" if gap.label else ""
            yield Violation(
                gap.measure,
                ABOVE,
                f"{gap.value:.3f}{label} between {gap.low} and {gap.high}; "
                f"the threshold is {gap.bound:g}",
            )


def _of_metric(metric: Metric, rows: int) -> Violation:
    below = metric.bound is not None and metric.value < metric.bound
    return Violation(
        metric.name,
        BELOW if below else ABOVE,
        f"{metric.value:.4g} over {rows} rows with a ground truth; it was {metric.training:.4g} "
        f"in training, and the threshold is {metric.bound:.4g}",
    )
