"""How unlike two histograms over the same bins are."""

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

from ..bins import Counts

SMOOTHING = 0.5  # rows, added to every bin on both sides: an empty one would be infinitely unlike


def population_stability_index(reference: Counts, observed: Counts) -> float:
    """Return the PSI, in nats: the same figure that the rules of Prometheus compute.

    Bins that are empty on both sides tell nothing, and are left out of the sum.

    Args:
        reference: counts of shape (n_bins,), training's.
        observed: counts of shape (n_bins,), production's.

    Raises:
        ValueError: the two do not share their bins.

    Source: Yurdakul & Naranjo (2020), Statistical properties of the population stability index.
    """
    check(reference, observed)
    p, q = (
        (counts + SMOOTHING) / (counts.sum() + SMOOTHING * len(counts))
        for counts in (reference, observed)
    )
    filled = (reference > 0) | (observed > 0)
    return float(((q - p) * np.log(q / p))[filled].sum())


def kolmogorov_smirnov(reference: Counts, observed: Counts) -> tuple[float, float]:
    """Return the largest distance between two distribution functions, and its p-value.

    Seen at the bins' edges alone, it is at most the values' own distance, so that the p-value is
    at least theirs: what looks significant here is.

    Args:
        reference: counts of shape (n_bins,) in the order of the values.
        observed: counts of shape (n_bins,).

    Returns:
        0 and 1 where there is nothing to compare.

    Raises:
        ValueError: the two do not share their bins.

    Source: Hodges (1958), The significance probability of the Smirnov two-sample test.
    """
    check(reference, observed)
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
        0 where there is nothing to compare.

    Raises:
        ValueError: the two do not share their bins.

    Source: Endres & Schindelin (2003), A new metric for probability distributions.
    """
    check(reference, observed)
    if not (reference.sum() and observed.sum()):
        return 0.0
    with np.errstate(invalid="ignore"):  # the root of what is but rounded below nought
        return float(np.nan_to_num(jensenshannon(reference, observed, base=2)))


def check(reference: Counts, observed: Counts) -> None:
    """Make sure that two histograms have as many bins.

    Raises:
        ValueError: they do not.
    """
    if reference.shape != observed.shape:
        raise ValueError(
            f"Two histograms share their bins; these have {len(reference)} and {len(observed)}."
        )
