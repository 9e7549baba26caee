"""Summarise a column: what it was taken for, why, and its values."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api import types

from ..reading.remedies import shorten
from .columns import is_category
from .float32 import MAX_EXACT_INTEGER

EXAMPLES = 3


class ColumnSummary(NamedTuple):
    """A column: its role, what it was taken for and why, and its values."""

    name: str
    role: str
    dtype: str
    reason: str
    distinct: int
    missing: int
    values: str


def summarise(name: str, column: pd.Series, role: str, *, stated: bool) -> ColumnSummary:
    """Return what a column was taken for, and why.

    Args:
        name: of the column.
        column: its values, as they are taken.
        role: of the column.
        stated: whether its dtype is stated.
    """
    present = column.dropna()
    dtype, reason = _explain(column)
    if stated:
        reason = "stated in dtypes"
    return ColumnSummary(
        name, role, dtype, reason, _distinct(present), len(column) - len(present), _values(present)
    )


def is_whole(column: pd.Series) -> bool:
    """Return whether a column holds whole numbers that were written with a fraction, as in 1.0."""
    if not types.is_float_dtype(column):
        return False
    numbers = column.dropna().to_numpy(dtype=np.float64)
    return bool(
        numbers.size
        and (np.abs(numbers) <= MAX_EXACT_INTEGER).all()
        and np.array_equal(numbers, numbers.round())
    )


def find_gapped_integers(rows: pd.DataFrame, stated: Collection[str]) -> dict[str, str]:
    """Return the dtypes to state for whole numbers that became fractions by their gaps.

    Args:
        rows: the features.
        stated: the columns whose dtype is stated.
    """
    found = {}
    for name, column in rows.items():
        if str(name) not in stated and is_whole(column):
            is_flag = column.dropna().isin((0, 1)).all()
            if is_flag or column.isna().any():
                found[str(name)] = "boolean" if is_flag else "integer"
    return found


def _distinct(present: pd.Series) -> int:
    try:
        return int(present.nunique())
    except TypeError:  # lists and the like have no hash
        return len(present)


def _explain(column: pd.Series) -> tuple[str, str]:
    """Return a column's dtype, and what shows it."""
    if column.isna().all():
        return "nothing", "every value is missing"
    if is_category(column):
        texts = column.dropna().astype(str)
        zeros = texts.str.match(r"[+-]?0\d").any() and texts.str.fullmatch(r"[+-]?[\d.]+").all()
        return "category", "leading zeros" if zeros else "text"
    if types.is_bool_dtype(column):
        return "boolean", "true and false"
    if not types.is_integer_dtype(column):
        is_number = types.is_numeric_dtype(column)
        reason = "fractions" if is_number else "neither numbers, booleans nor text"
        reason = "whole numbers, as in 1.0" if is_whole(column) else reason
        return "number" if is_number else str(column.dtype), reason
    if max(abs(float(column.min())), abs(float(column.max()))) > MAX_EXACT_INTEGER:
        return "number", "too large for an integer"
    return "integer", "whole numbers"


def _values(present: pd.Series) -> str:
    """Return a range of numbers, or the commonest texts."""
    if present.empty:
        return ""
    if types.is_numeric_dtype(present) and not types.is_bool_dtype(present):
        return f"{present.min():.10g} to {present.max():.10g}"
    commonest = present.astype(str).value_counts().index[:EXAMPLES]
    return ", ".join(map(shorten, commonest))
