"""Find numbers that differ and are the same as float32, the type that a model sees."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ..reading.remedies import Finding, Markers, Remedy, counted

MAX_FLOAT32 = 3.4028234663852886e38
MAX_EXACT_INTEGER = 2**24  # float32 holds every integer up to here
MAX_MERGED = 0.01  # share of the distinct numbers that float32 may merge with others
NEARLY_ALL = 0.9  # of the distinct numbers are whole: ids, counts and times
RESOLUTION = 1e-3  # of the middle half of the numbers: what is closer need not stay distinct
SCALE = "correct the file, or scale the column or take its logarithm in `load` (data.py)"
MAX_SHOWN = 1e16  # a whole number in an error; a larger one has an exponent
GAP = "if that is a missing value"
NOISE = 1e-12  # of a number: 0.1 + 0.2 and 0.3 need not stay distinct


class MergedNumbers(NamedTuple):
    """Two numbers that are the same as float32, and how many differ before and after."""

    examples: tuple[str, str]
    before: int
    after: int

    def __str__(self) -> str:
        """Return them as a part of an error."""
        one, other = self.examples
        return f"such as {one} and {other} ({self.before} different ones become {self.after})"


def find_merged_numbers(name: str, column: pd.Series) -> Finding | None:
    """Return that a model cannot tell the numbers of a column apart, and the ways out.

    Args:
        name: of the column.
        column: its numbers, none of which is larger than float32 can hold.
    """
    values = distinct_numbers(column)
    drop = Remedy("drop", name)
    keep = Remedy("dtypes", name, "number", "if rounding is harmless")
    if merged := merge_integers(values):
        index = [Remedy("index", name)] if len(values) == len(column) else []
        problem = f"holds whole numbers that a model cannot tell apart as float32, {merged}"
        return Finding(name, problem, (*index, drop, keep))
    if merged := merge_fractions(values):
        problem = (
            f"holds numbers that a model cannot tell apart as float32, {merged}; subtract a start "
            "from them, or scale them, in `load` (data.py)"
        )
        return Finding(name, problem, (drop, keep))
    return None


def find_large_numbers(
    name: str, column: pd.Series, missing: Markers = tuple, *, is_target: bool = False
) -> Finding | None:
    """Return which numbers of a column are infinite, or larger than float32 can hold.

    Args:
        name: of the column.
        column: its values; only numbers are looked at.
        missing: returns the texts for a missing value, which stay beside a new one.
        is_target: whether a row without the value is left out on demand, and not the column.
    """
    if not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        return None
    large = (column.abs() > MAX_FLOAT32).fillna(value=False).to_numpy(dtype=np.bool_)
    if not large.any():
        return None
    numbers = column[large]
    first, count = int(large.argmax()), len(numbers)
    verb = "is" if count == 1 else "are"
    problem = (
        f"{counted(count, 'value')} {verb} larger than float32 can hold, first in row {first + 1}: "
        f"{float(numbers.iloc[0]):g}"
    )
    written = [f"{each:g}" for each in numbers.unique()]
    drop = () if is_target else (Remedy("drop", name),)
    if not set(written) <= {"inf", "-inf"}:
        return Finding(name, f"{problem}; {SCALE}", drop)
    markers = dict.fromkeys(marker for marker in (*missing(), *written) if marker)
    when = "and drop_missing_target = true to leave such rows out" if is_target else GAP
    return Finding(name, problem, (Remedy("missing", name, tuple(markers), when), *drop))


def distinct_numbers(column: pd.Series) -> NDArray[Any]:
    """Return the different numbers of a column, in ascending order, exactly as they are."""
    dtype: type[np.number[Any]] = np.float64
    if types.is_integer_dtype(column):
        dtype = np.uint64 if types.is_unsigned_integer_dtype(column) else np.int64
    return np.unique(column.dropna().to_numpy(dtype=dtype))


def merge_integers(values: NDArray[Any]) -> MergedNumbers | None:
    """Return which whole numbers float32 merges, if nearly all numbers are whole."""
    if values.size == 0 or max(-float(values[0]), float(values[-1])) <= MAX_EXACT_INTEGER:
        return None
    whole = values[values % 1 == 0]
    return _merge(whole, values) if len(whole) >= NEARLY_ALL * len(values) else None


def merge_fractions(values: NDArray[Any]) -> MergedNumbers | None:
    """Return which numbers float32 merges although they differ notably.

    Those differ notably that are apart by more than a thousandth of what the middle half of the
    numbers spans: float32 is too coarse where a large offset is on all of them, or tiny ones are 0.
    """
    numbers = values.astype(np.float64)
    if len(numbers) < 2:
        return None
    low, high = np.quantile(numbers, [0.25, 0.75])
    step = max(float(high - low) * RESOLUTION, np.finfo(np.float64).tiny)
    first = np.diff(np.floor((numbers - numbers[0]) / step), prepend=-1) > 0
    kept = numbers[first]
    return _merge(kept, values, np.maximum(step, NOISE * np.abs(kept[1:])))


def _merge(
    numbers: NDArray[Any], values: NDArray[Any], apart: NDArray[np.float64] | float = 0.0
) -> MergedNumbers | None:
    """Return which of some numbers are the same as float32; None if there are few.

    Args:
        numbers: in ascending order.
        values: all numbers of the column.
        apart: numbers that are closer to the one before need not stay distinct.
    """
    same = (np.diff(numbers.astype(np.float32)) == 0) & (np.diff(numbers) > apart)
    if int(same.sum()) <= MAX_MERGED * len(numbers):
        return None
    first = int(same.argmax())
    examples = (_show(numbers[first]), _show(numbers[first + 1]))
    return MergedNumbers(examples, len(values), len(np.unique(values.astype(np.float32))))


def _show(number: Any) -> str:
    is_whole = number % 1 == 0 and abs(number) < MAX_SHOWN
    return str(int(number)) if is_whole or isinstance(number, np.integer) else repr(float(number))
