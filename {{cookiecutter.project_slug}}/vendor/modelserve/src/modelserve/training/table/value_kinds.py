"""Say in words what a column holds that is neither numbers, booleans nor text."""

import numpy as np
import pandas as pd
from pandas.api import types

from ..reading.remedies import Finding, Remedy, shorten

IN_LOAD = "make numbers of them in `load` (data.py)"
DATES = "make numbers of them in data.py, such as the month, or leave them out"
KINDS = {
    "date": f"holds dates; {DATES}",
    "datetime": f"holds dates; {DATES}",
    "time": f"holds times of day; {IN_LOAD}, such as the hour, or leave them out",
    "timedelta": f"holds durations; {IN_LOAD}, such as the seconds, or leave them out",
    "timedelta64": f"holds durations; {IN_LOAD}, such as the seconds, or leave them out",
    "bytes": f"holds bytes; {IN_LOAD}, or leave them out",
}
COMPLEX = f"holds complex numbers; {IN_LOAD}, such as the absolute value and the angle"
LISTS = f"holds lists; {IN_LOAD}, such as their length, or a column for each element"
RECORDS = "holds records of several fields; make a column of each field in `load` (data.py)"


def find_other_kind(name: str, column: pd.Series) -> Finding | None:
    """Return what a column holds besides numbers, booleans and text; None if nothing.

    Args:
        name: of the column.
        column: its values, not all of which are missing, and no texts.
    """
    drop = Remedy("drop", name)
    if types.is_datetime64_any_dtype(column):
        return Finding(name, f"holds dates ({column.dtype}); {DATES}", (drop,))
    if types.is_complex_dtype(column):
        return Finding(name, COMPLEX, (drop,))
    if types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        return None
    present = column.dropna()
    if problem := KINDS.get(types.infer_dtype(present)) or _describe_nested(present.iloc[0]):
        return Finding(name, problem, (drop,))
    first = present.iloc[0]
    others = (each for each in present if type(each) is not type(first))
    if (other := next(others, None)) is None:
        return Finding(name, f"holds {column.dtype}, not numbers, booleans or text", (drop,))
    pair = " and ".join(f"{shorten(each)} ({type(each).__name__})" for each in (first, other))
    problem = f"holds values of several types, such as {pair}; make one type of them in `load`"
    as_category = Remedy("dtypes", name, "category")
    return Finding(name, f"{problem} (data.py)", (drop, as_category))


def _describe_nested(value: object) -> str:
    """Return what a value holds that is several; an empty string for another one."""
    if isinstance(value, dict):
        return RECORDS
    return LISTS if isinstance(value, list | tuple | set | np.ndarray) else ""
