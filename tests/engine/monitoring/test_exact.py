"""Sums in units are those of the floats, without rounding."""

import math
import random
import sys
from functools import reduce
from operator import add

import numpy as np
import pytest
from modelserve.monitoring.exact import array_from_units, array_to_units, from_units, to_units


@pytest.mark.parametrize("value", [0.1, -1e-3, 5e-324, sys.float_info.max, math.inf, -math.inf])
def test_a_float_comes_back(value: float) -> None:
    assert from_units(to_units(value)) == value
    assert from_units(to_units(value) * 3, 3) == value


def test_a_product_is_of_power_two() -> None:
    assert from_units(to_units(0.5) * to_units(3.0), power=2) == 1.5


def test_a_sum_is_rounded_once_and_has_no_order() -> None:
    draw = random.Random(3)
    terms = [draw.uniform(-1, 1) * 10.0**i for i in range(-30, 30)]
    units = [to_units(each) for each in terms]
    assert from_units(sum(units)) == from_units(sum(reversed(units))) == math.fsum(terms)
    assert reduce(add, terms) != reduce(add, reversed(terms))


def test_arrays_keep_their_shape() -> None:
    values = np.array([[0.1, 2.0, -3.0], [4.0, 5.5, 1e300]])
    assert array_from_units(array_to_units(values)).tolist() == values.tolist()
