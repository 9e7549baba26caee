"""Sums of floats without rounding, which do not depend on the order of their terms."""

import math

import numpy as np
from numpy.typing import NDArray

# Every float64 is a multiple of 2**-1074, and Python's integers have no limit.
UNIT_BITS = 1074
ABOVE_FLOATS = 1 << 2**12  # stands for infinity

Units = NDArray[np.object_]  # of integers


def to_units(value: float) -> int:
    """Return a float as a multiple of 2**-1074, without rounding."""
    if not math.isfinite(value):
        return ABOVE_FLOATS if value > 0 else -ABOVE_FLOATS
    numerator, denominator = value.as_integer_ratio()  # the latter is a power of two
    return numerator << UNIT_BITS + 1 - denominator.bit_length()


def from_units(units: int, count: int = 1, *, power: int = 1) -> float:
    """Return the float next to `units / count`.

    Args:
        units: multiples of 2**-1074.
        count: at least 1.
        power: 2 if the units are the product of two numbers in units.
    """
    try:
        return units / (count << power * UNIT_BITS)
    except OverflowError:
        return math.inf if units > 0 else -math.inf


def array_to_units(values: NDArray[np.float64]) -> Units:
    """Return an array of the same shape in units."""
    units = [to_units(each) for each in values.ravel().tolist()]
    return np.array(units, dtype=object).reshape(values.shape)


def array_from_units(units: Units) -> NDArray[np.float64]:
    """Return an array of the same shape as floats."""
    floats = [from_units(each) for each in units.ravel().tolist()]
    return np.array(floats, dtype=np.float64).reshape(units.shape)
