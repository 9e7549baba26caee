"""How a regressor serves groups: their mean absolute errors."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf, sqrt

from scipy import stats

from ..config import FairnessBounds
from ..counts import Moments
from ..results.drift import Verdict
from ..results.fairness import FairnessGap
from .outcomes import ErrorSums

METRIC = "mae"


def metrics(counts: ErrorSums, n_groups: int) -> Iterator[tuple[int, float | None]]:
    """Yield the rows and the mean absolute error of each of the first groups."""
    for errors in counts.errors[:n_groups]:
        yield errors.count, errors.mean if errors.count else None


def gaps(
    counts: ErrorSums, labels: Sequence[str], bounds: FairnessBounds
) -> Iterator[list[FairnessGap]]:
    """Yield the ratio of the worst group's mean error to the best group's."""
    del labels  # a classifier's
    compared = {
        group: errors
        for group, errors in zip(bounds.groups, counts.errors, strict=False)
        if errors.count >= bounds.minimum_outcomes
    }
    bound = bounds.error_ratio
    if len(compared) < 2:
        yield [FairnessGap("error_ratio", 1.0, bound, None, None, None, None, Verdict.TOO_FEW)]
        return
    low = min(compared, key=lambda group: compared[group].mean)
    high = max(compared, key=lambda group: compared[group].mean)
    pairs = len(list(combinations(compared, 2)))
    p = min(1.0, pairs * difference_p(compared[low], compared[high]))
    ratio = error_ratio(compared[low], compared[high])
    yield [FairnessGap("error_ratio", ratio, bound, None, low, high, p, Verdict.OK)]


def error_ratio(low: Moments, high: Moments) -> float:
    """Return the mean error of one group over that of another."""
    if low.mean:
        return high.mean / low.mean
    return inf if high.mean else 1.0


def difference_p(low: Moments, high: Moments) -> float:
    """Return the probability of such a difference of two mean errors by chance.

    Source: Welch (1947), The generalization of Student's problem; by the normal distribution.
    """
    error = sqrt(sum(each.deviation**2 / each.count for each in (low, high)))
    if not error:
        return float(low.mean == high.mean)
    return float(2 * stats.norm.sf((high.mean - low.mean) / error))
