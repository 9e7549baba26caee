"""Mean and spread come out the same, in one piece or in many."""

import numpy as np
import pytest
from modelserve.monitoring.moments import Moments, moments

VALUES = np.random.default_rng(5).normal(1e6, 3, 1_000)


@pytest.mark.parametrize("pieces", [1, 2, 7, 1_000])
def test_pieces_add_up_to_the_whole(pieces: int) -> None:
    found = sum(map(moments, np.array_split(VALUES, pieces)), Moments())
    assert found.count == 1_000
    assert found.mean == pytest.approx(VALUES.mean(), rel=1e-14)
    assert found.deviation == pytest.approx(VALUES.std(ddof=1), rel=1e-9)
    assert (found.minimum, found.maximum) == (VALUES.min(), VALUES.max())


def test_what_is_missing_or_endless_is_left_out() -> None:
    assert moments(np.array([np.nan, 1, np.inf, 3, -np.inf])) == moments(np.array([1, 3]))


def test_a_single_value_has_no_spread() -> None:
    assert moments(np.array([4.0])).deviation == 0.0


def test_nothing_adds_nothing() -> None:
    assert moments(VALUES) + Moments() == moments(VALUES) == Moments() + moments(VALUES)
    assert moments(np.array([np.nan])) == Moments()
