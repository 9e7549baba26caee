"""Distances between two histograms over the same bins."""

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

from ..bins import Counts, require_same_bins


def kolmogorov_smirnov(reference: Counts, observed: Counts) -> tuple[float, float]:
    """Return the largest distance between two distribution functions, and its p-value.

    Computed at the bins' edges only, the distance is at most that of the values, and the p-value at
    least theirs: a significant result is significant for the values, too.

    Args:
        reference: counts of shape (n_bins,) in the order of the values.
        observed: counts of shape (n_bins,).

    Returns:
        0 and 1 without anything to compare.

    Raises:
        ValueError: the two do not have the same bins.

    Source: Hodges (1958), The significance probability of the Smirnov two-sample test.
    """
    require_same_bins(reference, observed)
    m, n = int(reference.sum()), int(observed.sum())
    if not (m and n):
        return 0.0, 1.0
    distance = float(np.abs(reference.cumsum() / m - observed.cumsum() / n).max())
    return distance, float(stats.kstwo.sf(distance, max(1, round(m * n / (m + n)))))


def jensen_shannon_distance(reference: Counts, observed: Counts) -> float:
    """Return the Jensen-Shannon distance in base 2: 0 for the same shares, 1 for no common bin.

    Args:
        reference: counts of shape (n_bins,), training's.
        observed: counts of shape (n_bins,), production's.

    Returns:
        0 without anything to compare.

    Raises:
        ValueError: the two do not have the same bins.

    Source: Endres & Schindelin (2003), A new metric for probability distributions.
    """
    require_same_bins(reference, observed)
    if not (reference.sum() and observed.sum()):
        return 0.0
    with np.errstate(invalid="ignore"):  # the root of a rounding error below 0
        return float(np.nan_to_num(jensenshannon(reference, observed, base=2)))
