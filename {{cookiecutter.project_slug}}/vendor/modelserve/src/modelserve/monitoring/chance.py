"""How far two histograms over the same bins may differ by chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..bins import Counts, require_same_bins


def critical_index(
    reference: Counts, observed: Counts, *, significance: float, fields: int
) -> float:
    """Return the critical value of the PSI of two samples of one distribution, in nats.

    The PSI then follows approximately 1/N + 1/M times a chi-square distribution, with one degree
    of freedom less than there are bins that are not empty.

    Args:
        reference: M counts of shape (n_bins,), training's.
        observed: N counts of shape (n_bins,), production's.
        significance: the probability that any of the fields exceeds it by chance.
        fields: that are tested at once; each gets an equal part of the significance (Bonferroni).

    Returns:
        0 without anything to compare.

    Raises:
        ValueError: the two do not have the same bins.

    Source: Yurdakul & Naranjo (2020), Statistical properties of the population stability index.
    """
    filled = _filled(reference, observed)
    if filled.shape[1] < 2 or not filled.sum(axis=1).all():
        return 0.0
    quantile = stats.chi2.ppf(1 - significance / fields, filled.shape[1] - 1)
    return float(quantile * (1 / filled.sum(axis=1)).sum())


def chi_square_p(reference: Counts, observed: Counts) -> float:
    """Return the p-value of Pearson's test that both are samples of one distribution.

    It is too small if many bins hold only a few rows.

    Args:
        reference: counts of shape (n_bins,), training's.
        observed: counts of shape (n_bins,), production's.

    Returns:
        1 without anything to compare.

    Raises:
        ValueError: the two do not have the same bins.

    Source: Pearson (1900); scipy.stats.chi2_contingency.
    """
    return independence_p(_filled(reference, observed))


def independence_p(table: NDArray[np.int64]) -> float:
    """Return the p-value of Pearson's test that rows and columns of a table are independent.

    Args:
        table: counts of shape (n_rows, n_columns).

    Returns:
        1 without anything to compare.
    """
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return 1.0
    return float(stats.chi2_contingency(filled, correction=False).pvalue)


def proportion_interval(hits: int, rows: int, *, significance: float) -> tuple[float, float]:
    """Return the interval of the true share; beyond either end lies `significance`.

    Source: Clopper & Pearson (1934), The use of confidence or fiducial limits.
    """
    interval = stats.binomtest(hits, rows).proportion_ci(confidence_level=1 - 2 * significance)
    return float(interval.low), float(interval.high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for the number of tests.

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
    require_same_bins(reference, observed)
    table = np.stack((reference, observed))
    return np.asarray(table[:, table.sum(axis=0) > 0])
