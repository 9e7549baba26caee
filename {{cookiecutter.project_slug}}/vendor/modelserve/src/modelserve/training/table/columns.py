"""Validate and describe one column of a table."""

import pandas as pd
from pandas.api import types

from ...manifest import Dtype, Feature

MAX_FLOAT32 = 3.4028234663852886e38
MAX_EXACT_INTEGER = 2**24  # float32 holds every integer up to here
MAX_CATEGORIES = 200


def find_fault(column: pd.Series) -> str:
    """Return why a column is invalid; an empty string if it is valid."""
    if column.isna().all():
        return "is empty"
    if is_category(column):
        return find_fault_in_texts(column)
    if types.is_bool_dtype(column):
        return ""
    if not types.is_numeric_dtype(column):
        return f"holds {column.dtype}, not numbers, booleans or text"
    count = int((column.abs() > MAX_FLOAT32).sum())
    return f"{count} values are larger than float32 can hold" if count else ""


def find_fault_in_texts(column: pd.Series) -> str:
    """Return why a column of texts is not one of categories; an empty string if it is."""
    present = column.dropna()
    is_number = pd.to_numeric(present, errors="coerce").notna()
    if not is_number.all() and is_number.mean() > 1 / 2:
        other = present[~is_number].iloc[0]
        return f"holds numbers mixed with text such as {other!r}; leave missing values empty"
    if (count := column.nunique()) > MAX_CATEGORIES:
        return (
            f"holds {count} different texts, {MAX_CATEGORIES} are the limit; "
            "leave the column out, or convert it to numbers"
        )
    return ""


def is_category(column: pd.Series) -> bool:
    """Return whether a column holds text."""
    return types.is_string_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype)


def describe_column(name: str, column: pd.Series, *, nullable: bool) -> Feature:
    """Return the schema of one column."""
    if is_category(column):
        counts = column.value_counts()
        categories = tuple(sorted(map(str, counts.index)))
        commonest = str(counts.index[0])
        return Feature(
            name=name, dtype="category", categories=categories, nullable=nullable, example=commonest
        )
    low, high = float(column.min()), float(column.max())
    median = float(column.median())
    dtype: Dtype = "number"
    if types.is_bool_dtype(column):
        dtype, low, high, median = "boolean", 0.0, 1.0, float(round(median))
    elif types.is_integer_dtype(column) and max(-low, high) <= MAX_EXACT_INTEGER:
        dtype, median = "integer", float(int(median))
    return Feature(
        name=name, dtype=dtype, minimum=low, maximum=high, nullable=nullable, example=median
    )
