"""Find a few whole numbers that are too large for an integer among others that are not."""

import numpy as np
import pandas as pd
from pandas.api import types

from ..reading.remedies import Finding, Remedy, counted
from .columns import MAX_EXACT_INTEGER

MAX_RARE = 0.01  # share of the rows; more are what the column holds


def find_large_integers(name: str, column: pd.Series) -> Finding | None:
    """Return that a column is taken for numbers, not integers, because of a few rows."""
    if not types.is_integer_dtype(column):
        return None
    numbers = column.to_numpy(dtype=np.float64, na_value=0.0)
    (places,) = (np.abs(numbers) > MAX_EXACT_INTEGER).nonzero()
    if not 0 < len(places) <= MAX_RARE * len(column):
        return None
    problem = (
        f"is taken for a number, not an integer, because of {counted(len(places), 'value')} such "
        f"as {column.iloc[places[0]]} in row {places[0] + 1}: float32 holds whole numbers exactly "
        f"up to {MAX_EXACT_INTEGER}; correct the file, or leave such rows out in `load` (data.py)"
    )
    keep = Remedy("dtypes", name, "number", "if they are right")
    return Finding(name, problem, (keep,), blocking=False)
