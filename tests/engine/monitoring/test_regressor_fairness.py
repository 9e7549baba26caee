"""The ratio of groups' mean errors, which must exceed chance."""

from math import inf
from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.config import FairnessBounds
from modelserve.monitoring.counts import Moments, moments
from modelserve.monitoring.fairness import compare_groups
from modelserve.monitoring.regressor.group_errors import difference_p
from modelserve.monitoring.regressor.outcomes import ErrorSums
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.fairness import Fairness
from scipy import stats

GROUPS = ("north", "south", "west")
BOUNDS = FairnessBounds(
    groups=GROUPS,
    demographic_parity=0.2,
    equalised_odds=0.2,
    error_ratio=1.5,
    minimum_outcomes=50,
)


def errors(mean: float, rows: int, spread: float = 1.0) -> Moments:
    """Return absolute errors of this mean."""
    return Moments.of(rows, mean, spread**2 * (rows - 1), 0, 2 * mean)


def compare(*groups: Moments) -> Fairness:
    """Return the gap between groups; one more group names none."""
    unstated = errors(1_000, 1_000)
    sums = ErrorSums(np.empty(0), None, [*groups, unstated], np.zeros((1, 3), dtype=object))
    configured = BOUNDS.model_copy(update={"groups": GROUPS[: len(groups)]})
    return compare_groups(sums, (), configured, significance=0.01)


@pytest.mark.parametrize(
    ("groups", "value", "verdict"),
    [
        pytest.param([errors(4, 60), errors(4, 60)], 1.0, Verdict.OK, id="alike"),
        pytest.param([errors(4, 60), errors(5.6, 60)], 1.4, Verdict.OK, id="within"),
        pytest.param([errors(4, 60), errors(8, 60)], 2.0, Verdict.VIOLATION, id="beyond"),
        pytest.param([errors(4, 60, 9), errors(8, 60, 9)], 2.0, Verdict.OK, id="by-chance"),
        pytest.param([errors(4, 60), errors(8, 49)], 1.0, Verdict.TOO_FEW, id="too-few"),
        pytest.param([errors(4, 60)], 1.0, Verdict.TOO_FEW, id="one-group"),
        pytest.param([errors(0, 60, 0), errors(8, 60)], inf, Verdict.VIOLATION, id="never-off"),
        pytest.param([errors(0, 60, 0), errors(0, 60, 0)], 1.0, Verdict.OK, id="both-never-off"),
    ],
)
def test_a_group_may_not_be_worse_served_by_more_than_chance(
    groups: list[Moments], value: float, verdict: Verdict
) -> None:
    (gap,) = compare(*groups).gaps
    assert (gap.measure, gap.bound, gap.label) == ("error_ratio", 1.5, None)
    assert (gap.value, gap.verdict) == (pytest.approx(value), verdict)


def test_the_worst_and_the_best_group_are_named() -> None:
    (gap,) = compare(errors(6, 60), errors(9, 60), errors(3, 60)).gaps
    assert (gap.low, gap.high, gap.value) == ("west", "south", pytest.approx(3))


def test_of_three_groups_two_are_always_unlike() -> None:
    two = compare(errors(4, 60, 3), errors(5, 60, 3)).gaps[0].p
    three = compare(errors(4, 60, 3), errors(5, 60, 3), errors(4.5, 60, 3)).gaps[0].p
    assert two is not None
    assert three == pytest.approx(3 * two)


def test_groups_are_reported_with_their_error() -> None:
    actual = compare(errors(4, 60), errors(8, 10), Moments()).groups
    assert [(each.group, each.rows, each.value, each.compared) for each in actual] == [
        ("north", 60, 4.0, True),
        ("south", 10, 8.0, False),
        ("west", 0, None, False),
    ]
    assert {each.metric for each in actual} == {"mae"}


def test_a_difference_is_welch_s() -> None:
    random = np.random.default_rng(17)
    samples: Any = random.normal(5, 2, 4_000), random.normal(5.1, 3, 5_000)
    expected = stats.ttest_ind(*samples, equal_var=False).pvalue
    assert difference_p(*map(moments, samples)) == pytest.approx(expected, rel=0.02)
