"""Says in words what is beyond its bounds, in the terms of SageMaker's Model Monitor."""

from collections.abc import Iterator

from .config import Config
from .findings import (
    Confidence,
    Fairness,
    Metric,
    Performance,
    Read,
    Shift,
    Verdict,
    Violation,
    Window,
    share,
)

DRIFT, BELOW, ABOVE = "baseline_drift_check", "LessThanThreshold", "GreaterThanThreshold"


def of_shift(shift: Shift, config: Config) -> Iterator[Violation]:
    """Yield what is wrong with a field's distribution."""
    if shift.verdict is Verdict.BREACHED:
        known = sum(shift.reference)
        yield Violation(
            shift.field,
            DRIFT,
            f"PSI {shift.psi:.3f} over {shift.rows} rows; the bound is {config.drift.psi:g}, and "
            f"chance stays below {shift.psi_critical:.3f} beside {known} rows of training",
        )


def of_degraded(read: Read, window: Window, config: Config) -> Iterator[Violation]:
    """Yield what is wrong with how often the training prior had to answer."""
    degraded = share(read.degraded, window.rows)
    if degraded > config.limits.degraded_share:
        yield Violation(
            "degraded_share",
            ABOVE,
            f"the training prior answered {read.degraded} of {window.rows} rows, {degraded:.2%}; "
            f"the bound is {config.limits.degraded_share:.2%}",
        )


def of_confidence(found: Confidence | None) -> Iterator[Violation]:
    """Yield what is wrong with how sure the model is."""
    if found and found.verdict is Verdict.BREACHED:
        yield Violation(
            "mean_confidence",
            BELOW,
            f"{found.mean:.3f} over {found.rows} rows; it was {found.training:.3f} in training, "
            f"and the bound is {found.bound:.3f}",
        )


def of_performance(found: Performance | None) -> Iterator[Violation]:
    """Yield what is wrong with the answers that met a truth."""
    for each in found.metrics if found else ():
        if found and each.verdict is Verdict.BREACHED:
            yield _of_metric(each, found.outcomes.counted)


def of_fairness(found: Fairness | None) -> Iterator[Violation]:
    """Yield what is wrong with how groups are served."""
    for each in found.gaps if found else ():
        if each.verdict is Verdict.BREACHED:
            about = f" about {each.label}" if each.label else ""
            yield Violation(
                each.measure,
                ABOVE,
                f"{each.value:.3f}{about} between {each.low} and {each.high}; "
                f"the bound is {each.bound:g}",
            )


def _of_metric(metric: Metric, rows: int) -> Violation:
    below = metric.bound is not None and metric.value < metric.bound
    return Violation(
        metric.name,
        BELOW if below else ABOVE,
        f"{metric.value:.4g} over {rows} rows with a truth; it was {metric.training:.4g} in "
        f"training, and the bound is {metric.bound:.4g}",
    )
