"""The column that a split is by: the time or the group of each row."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import FieldError, InvalidInputError
from .reading.remedies import counted

MAX_SHOWN = 60  # characters of a value in an error


def take_split_column(frame: pd.DataFrame, name: str, target: str) -> pd.Series:
    """Return the column of a data frame that the split is by.

    Args:
        frame: the rows.
        name: of the column.
        target: the column to predict, which the split cannot be by.

    Raises:
        InvalidInputError: there is no such column, it is the target, or it has missing values.
    """
    if name not in frame.columns:
        known = ", ".join(map(str, frame.columns))
        problem = f"no such column; [split] column may be one of {known}"
        raise InvalidInputError([FieldError(name, problem)])
    if name == target:
        problem = "is the target; [split] column must be another one"
        raise InvalidInputError([FieldError(name, problem)])
    if missing := int(frame[name].isna().sum()):
        problem = (
            f"{counted(missing, 'missing value')}; the column of [split] may have none: fill in "
            "every row, or delete it"
        )
        raise InvalidInputError([FieldError(name, problem)])
    return frame[name]


def to_times(column: pd.Series) -> NDArray[np.float64]:
    """Return the times of a column as numbers that can be compared, of shape (rows,).

    Args:
        column: numbers, dates, or texts that are dates.

    Raises:
        InvalidInputError: texts are no dates, or may be day or month first.
    """
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_datetime64_any_dtype(column):
        return _seconds(column)
    texts = column.astype(str)
    # Collected rows have times of ISO 8601, whatever the other files have.
    iso = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    times, others = _seconds(iso), iso.isna().to_numpy()
    if not others.any():
        return times
    texts = texts[others]
    read = [each for order in ("%d %m", "%m %d") if (each := _read(texts, order)) is not None]
    if not read:
        shown = str(texts.iloc[0])[:MAX_SHOWN]
        problem = f"{shown!r} and others are no dates of one format; write them as 2026-01-31"
        raise InvalidInputError([FieldError(str(column.name), problem)])
    if not np.array_equal(read[0], read[-1]):
        shown = str(texts.iloc[0])[:MAX_SHOWN]
        problem = f"dates such as {shown!r} may be day or month first; write them as 2026-01-31"
        raise InvalidInputError([FieldError(str(column.name), problem)])
    times[others] = read[0]
    return times


def _read(texts: pd.Series, order: str) -> NDArray[np.float64] | None:
    """Return the times, None where the texts are no dates in this order of day and month."""
    for separator in "/.-":
        date = f"{order.replace(' ', separator)}{separator}%Y"
        for clock in ("", " %H:%M", " %H:%M:%S"):
            try:
                return _seconds(pd.to_datetime(texts, format=date + clock, utc=True))
            except ValueError:
                continue
    return None


def _seconds(times: pd.Series) -> NDArray[np.float64]:
    return times.to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e6
