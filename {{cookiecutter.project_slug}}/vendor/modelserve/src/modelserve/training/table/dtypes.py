"""Convert a column to the dtype that is stated for it."""

import pandas as pd
from pandas.api import types

from ..reading.remedies import quote, shorten
from .columns import POINT, Signs

BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def convert(column: pd.Series, dtype: str, signs: Signs = POINT) -> tuple[pd.Series, str]:
    """Return a column as a dtype, and which values do not fit; then the column is unchanged.

    Args:
        column: the values of the rows, in their order.
        dtype: "number", "integer", "boolean" or "category".
        signs: of numbers that are written as text.
    """
    if dtype == "category":
        return _to_texts(column), ""
    if dtype == "boolean":
        return _to_booleans(column)
    return _to_numbers(column, dtype, signs)


def categories_as_texts(column: pd.Series) -> pd.Series:
    """Return a column of pandas' categories that are no texts, such as intervals, as texts.

    Requests and golden cases have them as texts.
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    categories = column.cat.categories
    if types.is_string_dtype(categories):
        return column
    texts = pd.array([str(each) for each in categories], dtype="string")
    taken = texts.take(column.cat.codes.to_numpy(), allow_fill=True)
    return pd.Series(taken, index=column.index, name=column.name)


def _to_numbers(column: pd.Series, dtype: str, signs: Signs) -> tuple[pd.Series, str]:
    whole = dtype == "integer"
    if whole and types.is_integer_dtype(column):
        return column.astype("Int64"), ""
    if types.is_numeric_dtype(column):
        numbers = column.astype("Float64")
    else:
        numbers = signs.read(column.astype("string")).astype("Float64")
    wrong = numbers.isna() & column.notna()
    if whole:
        wrong |= (numbers % 1 != 0).fillna(value=False)
    notation = f" with thousands = {quote(signs.thousands)}" if signs.thousands else ""
    if misfit := _describe_misfits(column, wrong, f"is no {dtype}{notation}"):
        return column, misfit
    return numbers.astype("Int64") if whole else numbers, ""


def _to_texts(column: pd.Series) -> pd.Series:
    column = categories_as_texts(column)
    if isinstance(column.dtype, pd.CategoricalDtype) or types.is_string_dtype(column):
        return column
    return column.astype("string")


def _to_booleans(column: pd.Series) -> tuple[pd.Series, str]:
    if types.is_bool_dtype(column):
        return column, ""
    if types.is_numeric_dtype(column):
        written = column.astype("Float64").map({1.0: "1", 0.0: "0"}, na_action="ignore")
    else:
        written = column.astype("string").str.strip().str.lower()
    truths = written.map(BOOLEANS, na_action="ignore").astype("boolean")
    misfit = _describe_misfits(
        column, truths.isna() & column.notna(), "is no boolean; true, false, 1 and 0 are"
    )
    return (column, misfit) if misfit else (truths, "")


def _describe_misfits(column: pd.Series, wrong: pd.Series, problem: str) -> str:
    """Return the first value that does not fit with its row's number, and how many there are."""
    places = wrong.to_numpy(dtype=bool).nonzero()[0]
    if places.size == 0:
        return ""
    more = f" ({len(places)} values do not fit)" if len(places) > 1 else ""
    return f"row {places[0] + 1}: {shorten(column.iloc[places[0]])} {problem}{more}"
