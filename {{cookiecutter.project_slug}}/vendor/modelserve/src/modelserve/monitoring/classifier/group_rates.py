"""How a classifier serves groups: rates of each label against all others."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chance import independence_p
from ..config import FairnessBounds
from ..results.drift import Verdict
from ..results.fairness import FairnessGap, Measure
from .outcomes import ConfusionCounts

METRIC = "accuracy"


class Rate(NamedTuple):
    """How often something happened to each group: `hits` of `rows`, both of shape (n_groups,)."""

    label: str
    hits: NDArray[np.int64]
    rows: NDArray[np.int64]


def metrics(counts: ConfusionCounts, n_groups: int) -> Iterator[tuple[int, float | None]]:
    """Yield the rows and the accuracy of each of the first groups."""
    for matrix in counts.counts[:n_groups]:
        rows = int(matrix.sum())
        yield rows, int(np.trace(matrix)) / rows if rows else None


def gaps(
    counts: ConfusionCounts, labels: Sequence[str], bounds: FairnessBounds
) -> Iterator[list[FairnessGap]]:
    """Yield by measure the gap of each rate."""
    configured = counts.counts[: len(bounds.groups)]
    measures: tuple[tuple[Measure, list[Rate], float], ...] = (
        ("demographic_parity", selection_rates(configured, labels), bounds.demographic_parity),
        ("equalised_odds", error_rates(configured, labels), bounds.equalised_odds),
    )
    for measure, rates, bound in measures:
        yield [_gap(measure, rate, bounds, bound, tests=len(rates)) for rate in rates]


def selection_rates(counts: NDArray[np.int64], labels: Sequence[str]) -> list[Rate]:
    """Return how often each label was predicted, by group.

    Args:
        counts: by group, predicted and true label, of shape (n_groups, n_labels, n_labels + 1).
        labels: the model's.

    Source: Agarwal et al. (2018), A reductions approach to fair classification.
    """
    return [
        Rate(label, counts[:, i].sum(axis=1), counts.sum(axis=(1, 2)))
        for i, label in enumerate(labels)
    ]


def error_rates(counts: NDArray[np.int64], labels: Sequence[str]) -> list[Rate]:
    """Return how often each label was predicted where it is true, and where it is not, by group.

    Args:
        counts: by group, predicted and true label, of shape (n_groups, n_labels, n_labels + 1).
        labels: the model's.

    Source: Hardt, Price & Srebro (2016), Equality of opportunity in supervised learning.
    """
    rates = []
    for i, label in enumerate(labels):
        actual, both = counts[:, :, i].sum(axis=1), counts[:, i, i]
        rates.append(Rate(label, both, actual))
        others = counts.sum(axis=(1, 2)) - actual
        rates.append(Rate(label, counts[:, i].sum(axis=1) - both, others))
    return rates


def _gap(
    measure: Measure, rate: Rate, bounds: FairnessBounds, bound: float, *, tests: int
) -> FairnessGap:
    """Return the difference between the groups with the highest and the lowest rate."""
    compared = np.flatnonzero(rate.rows >= bounds.minimum_outcomes)
    if len(compared) < 2:
        return FairnessGap(measure, 0.0, bound, None, None, None, None, Verdict.TOO_FEW)
    uncompared = int(len(compared) < len(rate.rows))
    hits, rows = rate.hits[compared], rate.rows[compared]
    shares = hits / rows
    low, high = int(shares.argmin()), int(shares.argmax())
    p = min(1.0, tests * independence_p(np.stack((hits, rows - hits))))
    return FairnessGap(
        measure,
        float(shares[high] - shares[low]),
        bound,
        rate.label,
        bounds.groups[compared[low]],
        bounds.groups[compared[high]],
        p,
        Verdict.OK,
        uncompared,
    )
