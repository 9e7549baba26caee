"""Change columns of a data frame, whatever their names and types are."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from ..errors import FieldError, InvalidInputError

MAX_EXACT = 2**53  # float64 holds every integer up to here


def with_columns(rows: pd.DataFrame, columns: Mapping[Any, Any]) -> pd.DataFrame:
    """Return rows with some columns replaced or added, in the order of `rows`.

    `DataFrame.assign` takes names as keywords, and none that is `self`.
    """
    changed = rows.copy(deep=False)
    for name, values in columns.items():
        changed[name] = values
    return changed


def with_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose columns are named by texts.

    Raises:
        InvalidInputError: the rows are no data frame of pandas, or columns have the same name; each
            is named.
    """
    if not isinstance(rows, pd.DataFrame):
        kind = f"{type(rows).__module__.partition('.')[0]}.{type(rows).__name__}"
        problem = f"takes a data frame of pandas, not {kind}; make one in `load` (data.py)"
        raise InvalidInputError([FieldError("from_frame", problem)])
    named = rows.rename(columns=str)
    if doubled := dict.fromkeys(named.columns[named.columns.duplicated()]):
        problem = (
            "several columns have this name, as text; rename or drop all but one before "
            "`from_frame`"
        )
        raise InvalidInputError([FieldError(str(name), problem) for name in doubled])
    return named


def with_plain_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with decimals and half-precision numbers as numbers that pandas computes with."""
    plain: dict[Any, pd.Series] = {}
    for name, column in rows.items():
        if column.dtype == np.float16:
            plain[name] = column.astype(np.float32)
        elif column.dtype == object and types.infer_dtype(column) == "decimal":
            places = (each.as_tuple().exponent for each in column.dropna())
            numbers = column.astype("Float64")
            is_whole = all(place == 0 for place in places) and (numbers.abs() < MAX_EXACT).all()
            plain[name] = numbers.astype("Int64") if is_whole else numbers
    return with_columns(rows, plain) if plain else rows


def mask_infinite(rows: pd.DataFrame, missing: Collection[str]) -> pd.DataFrame:
    """Return rows without infinite numbers, if these stand for a missing value, as in CSV files.

    Args:
        rows: of a file that holds numbers, and not texts.
        missing: the texts for a missing value.
    """
    infinite = [float(text) for text in missing if text in ("inf", "-inf")]
    columns = {name: each for name, each in rows.items() if infinite and types.is_float_dtype(each)}
    return with_columns(
        rows, {name: each.mask(each.isin(infinite)) for name, each in columns.items()}
    )
