"""Compares how groups are served; the task of the model gives the figures."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from .classifier import group_rates
from .config import FairnessBounds
from .outcome_counts import OutcomeCounts
from .regressor import group_errors
from .results.drift import Verdict
from .results.fairness import Fairness, FairnessGap, GroupMetric


class GroupFigures(Protocol):
    """A task's part, as module-level functions."""

    METRIC: str

    def metrics(self, counts: Any, n_groups: int) -> Iterable[tuple[int, float | None]]:
        """Yield each group's rows and metric, None for a group without rows."""

    def gaps(
        self, counts: Any, labels: Sequence[str], bounds: FairnessBounds
    ) -> Iterable[Sequence[FairnessGap]]:
        """Yield by measure the gaps to choose from; each is OK, or TOO_FEW."""


ORDER = (Verdict.TOO_FEW, Verdict.OK, Verdict.VIOLATION)


def compare_groups(
    counts: OutcomeCounts, labels: Sequence[str], bounds: FairnessBounds, *, significance: float
) -> Fairness:
    """Return the configured groups' metrics, and the largest gap by each measure.

    A group with too few rows is not compared; ground truths without a configured group are
    skipped.

    Args:
        counts: of predictions with a ground truth.
        labels: a classifier's, empty for a regressor.
        bounds: the groups, the largest gaps that are accepted, and the fewest rows of a group.
        significance: the share of all windows in which chance alone may exceed a bound.
    """
    figures: GroupFigures = group_rates if labels else group_errors
    metrics = zip(bounds.groups, figures.metrics(counts, len(bounds.groups)), strict=True)
    return Fairness(
        tuple(
            GroupMetric(group, rows, figures.METRIC, value, rows >= bounds.minimum_outcomes)
            for group, (rows, value) in metrics
        ),
        tuple(
            _largest(candidates, significance=significance)
            for candidates in figures.gaps(counts, labels, bounds)
        ),
    )


def _largest(gaps: Sequence[FairnessGap], *, significance: float) -> FairnessGap:
    """Return the largest of the gaps that violate their bound, or else of all."""
    checked = [
        replace(gap, verdict=Verdict.VIOLATION)
        if gap.p is not None and gap.value > gap.bound and gap.p < significance
        else gap
        for gap in gaps
    ]
    uncompared = sum(gap.verdict is Verdict.TOO_FEW or gap.uncompared > 0 for gap in gaps)
    largest = max(checked, key=lambda gap: (ORDER.index(gap.verdict), gap.value))
    return replace(largest, uncompared=uncompared)
