"""How alike a regressor serves groups: how much farther off it is for one than for another."""

from collections.abc import Sequence
from itertools import combinations
from math import inf, sqrt

from scipy import stats

from .config import Fairness as Bounds
from .findings import Fairness, Gap, GroupFigures, Verdict
from .moments import Moments
from .outcomes import OutcomeTally


def judge(
    tally: OutcomeTally,
    labels: Sequence[str],
    groups: Sequence[str],
    bounds: Bounds,
    *,
    significance: float,
) -> Fairness:
    """Return how unlike groups are served.

    A group of too few rows is left out, and so are truths that name no configured group.

    Args:
        tally: of the answers that met a truth.
        labels: none.
        groups: the configured ones.
        bounds: of the ratio, and how many rows a group needs.
        significance: in how many of all cases chance alone may look so.
    """
    del labels
    errors = dict(zip(groups, tally.errors, strict=False))
    compared = {
        group: each for group, each in errors.items() if each.count >= bounds.minimum_outcomes
    }
    figures = tuple(
        GroupFigures(group, each.count, "mae", each.mean if each.count else None, group in compared)
        for group, each in errors.items()
    )
    if len(compared) < 2:
        gap = Gap("error_ratio", 1.0, bounds.error_ratio, None, None, None, None, Verdict.TOO_FEW)
        return Fairness(figures, (gap,))
    low = min(compared, key=lambda group: compared[group].mean)
    high = max(compared, key=lambda group: compared[group].mean)
    pairs = len(list(combinations(compared, 2)))
    p = min(1.0, pairs * difference_p(compared[low], compared[high]))
    ratio = error_ratio(compared[low], compared[high])
    beyond = ratio > bounds.error_ratio and p < significance
    verdict = Verdict.BREACHED if beyond else Verdict.CALM
    gap = Gap("error_ratio", ratio, bounds.error_ratio, None, low, high, p, verdict)
    return Fairness(figures, (gap,))


def error_ratio(low: Moments, high: Moments) -> float:
    """Return how many times as large the errors of one group are as those of another."""
    if low.mean:
        return high.mean / low.mean
    return inf if high.mean else 1.0


def difference_p(low: Moments, high: Moments) -> float:
    """Return how often chance alone sets two groups' mean errors apart so far.

    Source: Welch (1947), The generalization of Student's problem; by the normal distribution.
    """
    error = sqrt(sum(each.deviation**2 / each.count for each in (low, high)))
    if not error:
        return float(low.mean == high.mean)
    return float(2 * stats.norm.sf((high.mean - low.mean) / error))
