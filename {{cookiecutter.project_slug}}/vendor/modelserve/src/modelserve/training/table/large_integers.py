"""Find a few whole numbers that are too large for an integer among others that are not."""

import numpy as np
import pandas as pd
from pandas.api import types

from ..reading.remedies import Finding, Remedy, counted
from .float32 import MAX_EXACT_INTEGER

MAX_RARE = 0.01  # share of the rows; more are what the column holds


def find_large_integers(name: str, column: pd.Series, stated: str = "") -> Finding | None:
    """Return that a column is taken for numbers, not integers, because of a few rows.

    Args:
        name: of the column.
        column: its values.
        stated: its dtype, if it was stated; the rows need not be few for one stated as an integer.
    """
    if not types.is_integer_dtype(column) or stated not in ("", "integer"):
        return None
    numbers = column.to_numpy(dtype=np.float64, na_value=0.0)
    (places,) = (np.abs(numbers) > MAX_EXACT_INTEGER).nonzero()
    if not 0 < len(places) <= (1 if stated else MAX_RARE) * len(column):
        return None
    problem = (
        f"is taken for a number, not an integer, because of {counted(len(places), 'value')} such "
        f"as {column.iloc[places[0]]} in row {places[0] + 1}: float32 holds whole numbers exactly "
        f"up to {MAX_EXACT_INTEGER}; correct the file, or leave such rows out in `load` (data.py)"
    )
    keep = Remedy("dtypes", name, "number", "if they are right")
    return Finding(name, problem, (keep,), blocking=False)
