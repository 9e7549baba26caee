"""How unlike two histograms over the same bins may be by chance alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..bins import Counts
from .statistics import check


def critical_index(
    reference: Counts, observed: Counts, *, significance: float, fields: int
) -> float:
    """Return what the PSI stays below, if both are samples of one distribution, in nats.

    It then is distributed about like chi-square with one degree of freedom less than there are
    bins that hold something, times 1/N + 1/M.

    Args:
        reference: M counts of shape (n_bins,), training's.
        observed: N counts of shape (n_bins,), production's.
        significance: in how many of all cases one of the fields may lie above it by chance.
        fields: that are watched at once; each gets its part of the significance (Bonferroni).

    Returns:
        0 where there is nothing to compare.

    Raises:
        ValueError: the two do not share their bins.

    Source: Yurdakul & Naranjo (2020), Statistical properties of the population stability index.
    """
    filled = _filled(reference, observed)
    if filled.shape[1] < 2 or not filled.sum(axis=1).all():
        return 0.0
    quantile = stats.chi2.ppf(1 - significance / fields, filled.shape[1] - 1)
    return float(quantile * (1 / filled.sum(axis=1)).sum())


def chi_square_p(reference: Counts, observed: Counts) -> float:
    """Return the p-value of Pearson's test that both are samples of one distribution.

    It is too small where many bins hold but a few rows.

    Args:
        reference: counts of shape (n_bins,), training's.
        observed: counts of shape (n_bins,), production's.

    Returns:
        1 where there is nothing to compare.

    Raises:
        ValueError: the two do not share their bins.

    Source: Pearson (1900); scipy.stats.chi2_contingency.
    """
    return independence_p(_filled(reference, observed))


def independence_p(table: NDArray[np.int64]) -> float:
    """Return the p-value of Pearson's test that rows and columns of a table are independent.

    Args:
        table: counts of shape (n_rows, n_columns).

    Returns:
        1 where there is nothing to compare.
    """
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return 1.0
    return float(stats.chi2_contingency(filled, correction=False).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that may be compared with the significance of all tests together.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    count = len(p_values)
    adjusted, highest = [0.0] * count, 0.0
    for rank, i in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (count - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def _filled(reference: Counts, observed: Counts) -> Counts:
    """Return both, of shape (2, n_bins), without the bins that are empty on both sides."""
    check(reference, observed)
    table = np.stack((reference, observed))
    return np.asarray(table[:, table.sum(axis=0) > 0])
