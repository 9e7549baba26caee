"""Contributions by orders: against Shapley values over all subsets of fields."""

from collections.abc import Callable
from itertools import product
from math import factorial

import numpy as np
import pytest
from modelserve.serving.explain.orders import (
    RUNS,
    count_runs,
    estimate,
    random_orders,
    with_reverse,
)
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


def linear(rows: Array) -> Array:
    return rows @ np.arange(1, rows.shape[1] + 1)


def pairs(rows: Array) -> Array:
    return linear(rows) + rows[:, 0] * rows[:, -1] - rows[:, 0] ** 2


@pytest.fixture(scope="module")
def forest() -> Function:
    """Return a forest of 20 trees, whose fields interact."""
    rows = np.random.default_rng(1).normal(size=(300, 6))
    target = rows[:, 0] * rows[:, 1] * (rows[:, 2] > 0) + rows[:, 3] + rows[:, 4] ** 2
    fitted = RandomForestRegressor(20, max_depth=6, random_state=1).fit(rows, target)
    answer: Function = fitted.predict
    return answer


def made_rows(fields: int, background: int = 12) -> tuple[Array, Array]:
    """Return a row, and background rows."""
    rows = np.random.default_rng(2).normal(size=(background + 1, fields))
    return rows[0], rows[1:]


def estimated(function: Function, row: Array, background: Array, *, chunk: int = 1_000) -> Array:
    ranks, of_order = random_orders(len(row), len(background))
    return estimate(
        ranks,
        function(background)[of_order],
        float(function(row[None])[0]),
        lambda order, seen: function(np.where(seen, row, background[of_order[order]])),
        chunk=chunk,
    )


def exact(function: Function, row: Array, background: Array) -> Array:
    """Return the Shapley values over all subsets of fields."""
    fields = len(row)
    value = {
        subset: function(np.where(subset, row, background)).mean()
        for subset in product([False, True], repeat=fields)
    }
    values = np.zeros(fields)
    for subset, without in value.items():
        for i in np.flatnonzero(np.logical_not(subset)):
            others = sum(subset)
            weight = factorial(others) * factorial(fields - others - 1) / factorial(fields)
            joined = tuple(seen or j == i for j, seen in enumerate(subset))
            values[i] += weight * (value[joined] - without)
    return values


@pytest.mark.parametrize("fields", [1, 2, 3, 7])
@pytest.mark.parametrize("function", [linear, pairs])
def test_sums_of_terms_of_two_fields_are_explained_exactly(function: Function, fields: int) -> None:
    row, background = made_rows(fields)
    contributions = estimated(function, row, background)
    assert contributions == pytest.approx(exact(function, row, background), abs=1e-9)


def test_a_forest_is_explained_almost_exactly(forest: Function) -> None:
    row, background = made_rows(6)
    expected = exact(forest, row, background)
    contributions = estimated(forest, row, background)
    assert np.corrcoef(contributions, expected)[0, 1] > 0.97
    assert np.abs(contributions - expected).max() < 0.2 * np.abs(expected).max()


def test_contributions_sum_to_the_answer_minus_the_base(forest: Function) -> None:
    row, background = made_rows(6)
    contributions = estimated(forest, row, background)
    assert contributions.sum() == pytest.approx(
        forest(row[None])[0] - forest(background).mean(), abs=1e-9
    )


def test_a_field_that_the_model_does_not_use_contributes_nothing() -> None:
    row, background = made_rows(5)
    contributions = estimated(lambda rows: rows[:, 0] * rows[:, 1] * rows[:, 2], row, background)
    assert contributions[3:].tolist() == [0, 0]


def test_chunks_change_nothing(forest: Function) -> None:
    row, background = made_rows(6)
    whole = estimated(forest, row, background)
    assert estimated(forest, row, background, chunk=7) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("fields", [1, 2, 5, 30])
def test_each_order_is_followed_by_its_reverse(fields: int) -> None:
    ranks, of_order = random_orders(fields, 4)
    assert (np.sort(ranks, axis=1) == np.arange(fields)).all()
    assert (ranks[::2] + ranks[1::2] == fields - 1).all()
    assert len(ranks) == len(of_order)
    assert set(of_order.tolist()) == {0, 1, 2, 3}


def test_few_fields_have_more_orders_within_the_same_number_of_runs() -> None:
    of_four, _ = random_orders(4, 12)
    of_ten, _ = random_orders(10, 12)
    assert len(of_four) > len(of_ten) == 24
    assert count_runs(of_four) <= RUNS
    assert count_runs(of_ten) <= RUNS


def test_no_field_has_no_contribution() -> None:
    ranks = with_reverse(np.zeros((1, 0), dtype=np.int64))
    contributions = estimate(
        ranks, np.ones(2, dtype=np.float32), 1.0, lambda order, seen: np.ones(0), chunk=10
    )
    assert contributions.shape == (0,)
