"""What chance alone does to histograms, beside what other libraries say of it."""

from typing import Any

import numpy as np
import pytest
from modelserve.bins import population_stability_index
from modelserve.monitoring.chance import chi_square_p, critical_index, holm, independence_p
from scipy import stats

BEFORE = np.array([120, 340, 280, 160, 80, 20])
NOW = np.array([180, 260, 240, 200, 90, 30])
NOTHING = np.zeros(6, dtype=np.int64)


def test_chance_alone_exceeds_the_critical_index_as_often_as_it_may() -> None:
    random = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    draws = random.multinomial(400, shares, 4_000), random.multinomial(700, shares, 4_000)
    beyond = [
        population_stability_index(before, now)
        > critical_index(before, now, significance=0.05, fields=1)
        for before, now in zip(*draws, strict=True)
    ]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.01)


def test_each_of_many_fields_gets_its_part_of_the_significance() -> None:
    actual = critical_index(BEFORE, NOW, significance=0.01, fields=5)
    assert actual == pytest.approx(stats.chi2.ppf(0.998, 5) * (1 / 1_000 + 1 / 1_000))


def test_bins_that_are_empty_on_both_sides_are_no_degree_of_freedom() -> None:
    wide = [np.append(counts, [0, 0]) for counts in (BEFORE, NOW)]
    narrow = critical_index(BEFORE, NOW, significance=0.01, fields=1)
    assert critical_index(*wide, significance=0.01, fields=1) == narrow


def test_the_chi_square_test_is_that_of_statsmodels() -> None:
    # statsmodels 0.15.0, Table(...).test_nominal_association().
    actual = chi_square_p(BEFORE, np.array([90, 130, 120, 100, 45, 15]))
    assert actual == pytest.approx(0.0004620549158919074, rel=1e-9)


def test_of_two_bins_the_test_is_pearson_s_without_yates_correction() -> None:
    # By hand: 40 · (12·14 - 8·6)² / (20·20·18·22).
    statistic = 40 * (12 * 14 - 8 * 6) ** 2 / (20 * 20 * 18 * 22)
    actual = chi_square_p(np.array([12, 8]), np.array([6, 14]))
    assert actual == pytest.approx(stats.chi2.sf(statistic, 1))


def test_a_bin_that_is_empty_on_both_sides_leaves_the_chi_square_test_as_it_is() -> None:
    assert chi_square_p(np.append(BEFORE, 0), np.append(NOW, 0)) == chi_square_p(BEFORE, NOW)


def test_what_fills_one_bin_alone_is_independent_of_everything() -> None:
    assert independence_p(np.array([[5, 0], [7, 0]])) == 1.0


def test_p_values_are_adjusted_as_by_statsmodels() -> None:
    # statsmodels 0.15.0, multipletests(…, method="holm").
    actual = holm([0.01, 0.04, 0.03, 0.005, 0.2, 0.04])
    assert actual == pytest.approx([0.05, 0.12, 0.12, 0.03, 0.2, 0.12])


def test_an_adjusted_p_value_is_never_more_than_certain() -> None:
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert not holm([])


@pytest.mark.parametrize("narrow", [NOW[:-1], NOW[:1]], ids=len)
def test_histograms_over_other_bins_are_refused(narrow: Any) -> None:
    with pytest.raises(ValueError, match="need the same bins"):
        chi_square_p(BEFORE, narrow)
    with pytest.raises(ValueError, match="need the same bins"):
        critical_index(BEFORE, narrow, significance=0.01, fields=1)


def test_where_there_is_nothing_to_compare_chance_does_nothing() -> None:
    for before, now in ((NOTHING, NOW), (BEFORE, NOTHING), (NOTHING, NOTHING)):
        assert critical_index(before, now, significance=0.01, fields=1) == 0.0
        assert chi_square_p(before, now) == 1.0
