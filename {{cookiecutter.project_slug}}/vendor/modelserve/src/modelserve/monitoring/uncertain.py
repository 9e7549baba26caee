"""The figures of which chance may explain on which side of their threshold they are."""

from collections.abc import Iterator
from typing import NamedTuple

from ..metric_table import info_of
from ..translation import write_number
from .results.performance import Interval
from .results.result import MonitoringResult
from .violations import recall_of


class UncertainFigure(NamedTuple):
    """A figure beside its threshold, in words."""

    name: str
    description: str


def uncertain_figures(result: MonitoringResult) -> Iterator[UncertainFigure]:
    """Yield the figures whose threshold lies in their interval, or that exceed it by chance."""
    for drift in result.fields:
        if drift.chance:
            yield UncertainFigure(
                drift.field,
                f"PSI {drift.psi:.3f} is over the threshold {drift.bound:g}, but chance explains "
                f"up to {drift.psi_critical:.3f}",
            )
    confidence, performance = result.confidence, result.performance
    if confidence and confidence.chance:
        yield _of("mean_confidence", confidence.mean, confidence.interval, confidence.bound)
    for metric in performance.metrics if performance else ():
        if metric.chance:
            yield _of(metric.name, metric.value, metric.interval, metric.bound)
    for label in performance.labels if performance else ():
        if label.training_tells_too_little and label.recall is not None:
            yield UncertainFigure(
                recall_of(label.label),
                f"{write_number(label.recall)} is below the threshold {write_number(label.bound)}, "
                f"but training measured its {write_number(label.training)} on "
                f"{label.training_rows} rows, too few to tell a fall from chance",
            )
        elif label.chance and label.recall is not None:
            yield _of(recall_of(label.label), label.recall, label.interval, label.bound)
    for gap in result.fairness.gaps if result.fairness else ():
        if gap.chance:
            yield UncertainFigure(
                gap.measure,
                f"{gap.value:.3f} is over the threshold {gap.bound:g}, but may be chance",
            )


def _of(name: str, value: float, interval: Interval | None, bound: float | None) -> UncertainFigure:
    low, high = interval or (value, value)
    info = info_of(name)  # confidence and recall are better if they are higher
    lower = info is not None and info.better == "lower"
    if bound is not None and (value <= bound if lower else value >= bound):
        return UncertainFigure(
            name,
            f"{write_number(value)} is within the threshold {write_number(bound)}, but its "
            f"interval reaches over it: the true value lies between {write_number(low)} and "
            f"{write_number(high)}",
        )
    return UncertainFigure(
        name,
        f"{write_number(value)} may be chance: the true value lies between {write_number(low)} and "
        f"{write_number(high)}, and the threshold is {write_number(bound)}",
    )
