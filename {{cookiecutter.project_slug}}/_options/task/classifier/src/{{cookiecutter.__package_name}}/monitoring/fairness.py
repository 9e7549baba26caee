"""How alike a classifier serves groups, one label against all others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chance import independence_p
from .config import Fairness as Bounds
from .findings import Fairness, Gap, GroupFigures, Verdict
from .outcomes import OutcomeTally

Measure = Literal["demographic_parity", "equalised_odds"]


class Rate(NamedTuple):
    """How often something happened to each group: `hits` of `rows`, both of shape (n_groups,)."""

    label: str
    hits: NDArray[np.int64]
    rows: NDArray[np.int64]


def judge(
    tally: OutcomeTally,
    labels: Sequence[str],
    groups: Sequence[str],
    bounds: Bounds,
    *,
    significance: float,
) -> Fairness:
    """Return how unlike groups are served.

    A share of too few rows is left out, and so are truths that name no configured group.

    Args:
        tally: of the answers that met a truth.
        labels: the model's.
        groups: the configured ones.
        bounds: of the differences, and how many rows a share needs.
        significance: in how many of all cases chance alone may look so.
    """
    counts = tally.counts[: len(groups)]
    totals = counts.sum(axis=(1, 2))
    right = np.trace(counts, axis1=1, axis2=2)
    figures = tuple(
        GroupFigures(
            group,
            int(total),
            "accuracy",
            int(hits) / int(total) if total else None,
            bool(total >= bounds.minimum_outcomes),
        )
        for group, total, hits in zip(groups, totals, right, strict=True)
    )
    given: tuple[tuple[Measure, list[Rate], float], ...] = (
        ("demographic_parity", selection_rates(counts, labels), bounds.demographic_parity),
        ("equalised_odds", error_rates(counts, labels), bounds.equalised_odds),
    )
    gaps = (
        [
            _gap(measure, rate, groups, bound, tests=len(rates), minimum=bounds.minimum_outcomes)
            for rate in rates
        ]
        for measure, rates, bound in given
    )
    return Fairness(figures, tuple(_widest(each, significance=significance) for each in gaps))


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


def _widest(gaps: Sequence[Gap], *, significance: float) -> Gap:
    """Return the largest of all gaps, or of those that are breached, judged."""
    judged = [
        replace(gap, verdict=Verdict.BREACHED)
        if gap.p is not None and gap.value > gap.bound and gap.p < significance
        else gap
        for gap in gaps
    ]
    order = [Verdict.TOO_FEW, Verdict.CALM, Verdict.BREACHED]
    return max(judged, key=lambda gap: (order.index(gap.verdict), gap.value))


def _gap(
    measure: Measure,
    rate: Rate,
    groups: Sequence[str],
    bound: float,
    *,
    tests: int,
    minimum: int,
) -> Gap:
    """Return the difference between the groups with the highest and the lowest share."""
    known = np.flatnonzero(rate.rows >= minimum)
    if len(known) < 2:
        return Gap(measure, 0.0, bound, None, None, None, None, Verdict.TOO_FEW)
    hits, rows = rate.hits[known], rate.rows[known]
    shares = hits / rows
    low, high = int(shares.argmin()), int(shares.argmax())
    p = min(1.0, tests * independence_p(np.stack((hits, rows - hits))))
    return Gap(
        measure,
        float(shares[high] - shares[low]),
        bound,
        rate.label,
        groups[known[low]],
        groups[known[high]],
        p,
        Verdict.CALM,
    )
