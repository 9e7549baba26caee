"""A candidate that is better as a whole may be worse on a slice of the rows."""

import numpy as np
import pytest
from modelserve.promotion.slices import FEWEST, compare_slices, holm, slice_field
from scipy import stats

ROWS = 400


def test_a_slice_has_the_paired_t_test_of_its_rows() -> None:
    generator = np.random.default_rng(0)
    served, fresh = generator.normal(size=(2, ROWS))
    place = np.array(["a", "b"], dtype=object)[np.arange(ROWS) % 2]
    found = compare_slices({"place": place}, served, fresh, better="lower", tolerance=0)
    by_name = {each.name: each for each in found}
    assert set(by_name) == {"place = a", "place = b"}
    expected = [stats.ttest_rel(fresh[place == each], served[place == each]) for each in "ab"]
    smaller, larger = sorted(each.pvalue for each in expected)
    adjusted = {smaller: 2 * smaller, larger: max(larger, 2 * smaller)}
    for test, name in zip(expected, "ab", strict=True):
        actual = by_name[f"place = {name}"]
        assert actual.p_value == pytest.approx(min(adjusted[test.pvalue], 1))
        assert (actual.low, actual.high) == pytest.approx(tuple(test.confidence_interval()))
        assert actual.rows == ROWS // 2


def test_a_slice_that_is_worse_beyond_chance_and_tolerance_is_named_first() -> None:
    generator = np.random.default_rng(1)
    place = np.array(["a", "b", "c", "d"], dtype=object)[np.arange(ROWS) % 4]
    served = generator.normal(1, 0.1, ROWS)
    fresh = served - 0.2 + generator.normal(0, 0.1, ROWS)
    fresh[place == "c"] += 0.4
    assert fresh.mean() < served.mean(), "better as a whole"
    first, *others = compare_slices({"x": place}, served, fresh, better="lower", tolerance=0)
    assert (first.name, first.verdict) == ("x = c", "worse")
    assert {each.verdict for each in others} == {"better"}
    first = compare_slices({"x": place}, served, fresh, better="lower", tolerance=0.5)[0]
    assert (first.name, first.verdict) == ("x = c", "as good")


def test_a_slice_is_compared_in_the_metrics_better_direction() -> None:
    generator = np.random.default_rng(2)
    place = np.array(["a", "b"], dtype=object)[np.arange(ROWS) % 2]
    served, fresh = np.ones(ROWS), np.ones(ROWS)
    fresh[place == "a"] = generator.random(ROWS // 2) < 0.7
    first = compare_slices({"x": place}, served, fresh, better="higher", tolerance=0)[0]
    assert (first.name, first.verdict) == ("x = a", "worse")


def test_chance_alone_seldom_refuses_a_candidate() -> None:
    """Without the correction, one of 40 slices would be worse by chance in most comparisons."""
    refused = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        served, fresh = generator.normal(size=(2, ROWS))
        fields = {
            f"x{i}": np.array(list("abcd"), dtype=object)[generator.integers(0, 4, ROWS)]
            for i in range(10)
        }
        found = compare_slices(fields, served, fresh, better="lower", tolerance=0)
        assert len(found) == 40
        refused += any(each.verdict == "worse" for each in found)
    assert refused <= 6


def test_holms_correction() -> None:
    """An example that is computed by hand."""
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([])).tolist() == []


def test_numbers_are_sliced_by_quartiles_and_missing_values_are_a_slice() -> None:
    values = np.arange(ROWS, dtype=np.float32)
    values[:FEWEST] = np.nan
    found = dict(slice_field("age", values))
    assert list(found) == [
        *("age = up to 122.25", "age = 122.25 to 214.5", "age = 214.5 to 306.75"),
        *("age = above 306.75", "age = missing"),
    ]
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(ROWS))
    assert found["age = missing"].tolist() == list(range(FEWEST))


def test_few_values_have_a_slice_each_and_few_rows_none() -> None:
    flags = np.array([0.0] * (ROWS - 29) + [1.0] * 29)
    assert [name for name, _ in slice_field("flag", flags)] == ["flag = 0"]
    assert list(slice_field("constant", np.ones(ROWS))) == []
    assert list(slice_field("none", np.full(ROWS, np.nan))) == []
    texts = np.array(["", "x" * 1_000] * (ROWS // 2), dtype=object)
    assert [name for name, _ in slice_field("t", texts)] == ["t = missing", f"t = {'x' * 40}"]


def test_differences_without_any_spread_are_certain() -> None:
    place = np.array(["a", "b"], dtype=object)[np.arange(ROWS) % 2]
    served = np.zeros(ROWS)
    found = compare_slices(
        {"x": place}, served, np.where(place == "a", 1.0, 0.0), better="lower", tolerance=0
    )
    assert [(each.p_value, each.verdict) for each in found] == [(0.0, "worse"), (1.0, "as good")]
