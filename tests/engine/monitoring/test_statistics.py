"""Distances between histograms, beside those of other libraries."""

from typing import Any

import numpy as np
import pytest
from modelserve.bins import population_stability_index
from modelserve.monitoring.statistics import jensen_shannon_distance, kolmogorov_smirnov
from scipy import stats

BEFORE = np.array([120, 340, 280, 160, 80, 20])
NOW = np.array([180, 260, 240, 200, 90, 30])
NOTHING = np.zeros(6, dtype=np.int64)
MEASURES = [population_stability_index, kolmogorov_smirnov, jensen_shannon_distance]


def test_the_index_is_that_of_popmon() -> None:
    # popmon 1.4.12, comparisons.population_stability_index of the same shares. Of so many rows,
    # half a one more or less shows only behind the fourth digit.
    actual = population_stability_index(BEFORE * 1_000, NOW * 1_000)
    assert actual == pytest.approx(0.06610834, rel=1e-4)


def test_the_index_of_few_rows_takes_half_a_row_more_in_every_bin() -> None:
    # By hand: (1.5/4 - 2.5/4) ln(1.5/2.5) + (2.5/4 - 1.5/4) ln(2.5/1.5).
    actual = population_stability_index(np.array([2, 1]), np.array([1, 2]))
    assert actual == pytest.approx(0.5 * np.log(5 / 3))


def test_a_bin_that_is_empty_on_both_sides_tells_nothing_but_shares_the_smoothing() -> None:
    # By hand, and as the rules have it: both shares with 3 · 0.5 rows more below the line.
    actual = population_stability_index(np.array([2, 1, 0]), np.array([1, 2, 0]))
    assert actual == pytest.approx(2 * (2.5 - 1.5) / 4.5 * np.log(2.5 / 1.5))


def test_the_distance_of_distribution_functions_is_that_of_scipy_over_the_bins() -> None:
    values = [np.repeat(np.arange(6), counts) for counts in (BEFORE, NOW)]
    expected = stats.ks_2samp(*values, method="asymp")
    assert kolmogorov_smirnov(BEFORE, NOW) == pytest.approx((expected.statistic, expected.pvalue))


def test_on_the_bins_the_distance_is_at_most_that_of_the_values() -> None:
    random = np.random.default_rng(2)
    values = random.normal(0, 1, 300), random.normal(0.4, 1.2, 200)
    edges = np.quantile(values[0], np.linspace(0, 1, 11)[1:-1])
    counts = [np.bincount(np.searchsorted(edges, each), minlength=10) for each in values]
    exact = stats.ks_2samp(*values, method="asymp")
    distance, p = kolmogorov_smirnov(*counts)
    assert 0.8 * exact.statistic < distance <= exact.statistic
    assert p >= exact.pvalue


def test_the_jensen_shannon_distance_is_that_of_popmon() -> None:
    # popmon 1.4.12, comparisons.jensen_shannon_divergence: 0.00822827622546931, in nats.
    actual = jensen_shannon_distance(BEFORE, NOW)
    assert actual == pytest.approx(np.sqrt(0.00822827622546931 / np.log(2)), rel=1e-4)


def test_without_a_common_bin_the_jensen_shannon_distance_is_one() -> None:
    assert jensen_shannon_distance(np.array([3, 0]), np.array([0, 4])) == pytest.approx(1.0)


def test_of_what_is_almost_alike_no_root_of_less_than_nought_is_taken() -> None:
    random = np.random.default_rng(3)
    for counts in random.integers(1, 1_000, (50, 12)):
        almost = 100_000 * counts + random.integers(-1, 2, 12)
        assert jensen_shannon_distance(counts, almost) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_histograms_over_other_bins_are_refused(measure: Any) -> None:
    with pytest.raises(ValueError, match="they have 6 and 5"):
        measure(BEFORE, NOW[:-1])


def test_where_there_is_nothing_to_compare_nothing_is_unlike() -> None:
    for before, now in ((NOTHING, NOW), (BEFORE, NOTHING), (NOTHING, NOTHING)):
        assert kolmogorov_smirnov(before, now) == (0.0, 1.0)
        assert jensen_shannon_distance(before, now) == 0.0
