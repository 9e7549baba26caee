"""Find columns that are no features: row numbers, identifiers, and copies of the target."""

import re
import unicodedata

import numpy as np
import pandas as pd
from pandas.api import types

from ..reading.remedies import Finding, Remedy, counted, shorten
from .columns import is_category
from .float32 import MAX_FLOAT32

MIN_ROWS = 20  # fewer may be distinct, or agree with the target, by chance
MIN_ROWS_A_VALUE = 5
MAX_CLASSES = 50
SAMPLE_ROWS = 5_000  # a rule that these break is none
LEFT_OUT = "to leave such rows out"
IDENTIFIER = re.compile(r"(.*[\s_.-])?(id|uuid|guid|key|rowid|index)|.*[a-z](Id|ID)").fullmatch


def find_identifier(name: str, column: pd.Series) -> Finding | None:
    """Return that a column numbers or names the rows, and says nothing of another row."""
    ways = (Remedy("index", name), Remedy("drop", name))
    keep = Remedy("dtypes", name, "integer", "if it is a feature")
    if not name.strip() or re.fullmatch(r"Unnamed: \d+", name):
        return Finding(name, "has no name: most often it is the index of a data frame", ways)
    whole = types.is_integer_dtype(column)
    if len(column) < MIN_ROWS or not (whole or is_category(column)) or not column.is_unique:
        return None
    problem, blocking = "", True
    if not whole:
        problem = "holds a different text in each row, which tells nothing about new rows"
        keep = Remedy("dtypes", name, "category", keep.when)
    elif _numbers_rows(column):
        problem = f"numbers the rows from {column.min()}: the model would learn their order"
    elif IDENTIFIER(name):
        problem = "holds a different whole number in each row, and has the name of an identifier"
        blocking = False
    return Finding(name, problem, (*ways, keep), blocking) if problem else None


def _numbers_rows(column: pd.Series) -> bool:
    """Return whether distinct whole numbers are 0 or 1 and all that follow."""
    first, last = int(column.min()), int(column.max())
    return first in (0, 1) and last - first == len(column) - 1


def find_leak(name: str, column: pd.Series, target: pd.Series) -> Finding | None:
    """Return that a column alone tells the target: it may be known only after the target is."""
    step = len(column) // SAMPLE_ROWS + 1
    sampled = target.iloc[::step]
    if len(column) < MIN_ROWS or sampled.nunique() <= 1:
        return None
    if not _tells(column.iloc[::step], sampled) or (step > 1 and not _tells(column, target)):
        return None
    drop = (Remedy("drop", name),)
    shown = shorten(target.name)
    if _equals(column, target):
        return Finding(name, f"equals the target, {shown}", drop)
    problem = (
        f"alone tells the target, {shown}, of every row; "
        "if it is known only afterwards, the metrics are too good"
    )
    return Finding(name, problem, drop, blocking=False)


def _tells(column: pd.Series, target: pd.Series) -> bool:
    """Return whether the target of each row follows from one column, and not by chance."""
    if _equals(column, target):
        return True
    values, codes = _encode(column), _encode(target)
    distinct = int(values.max()) + 1
    pairs = len(np.unique(values * (int(codes.max()) + 1) + codes))
    if 1 < distinct == pairs and len(column) >= MIN_ROWS_A_VALUE * distinct:
        return True
    if column.isna().any():
        return _tells(column.isna(), target)  # such as a wage, of those who have work
    if is_category(column) or types.is_bool_dtype(column):
        return False
    numbers = column.to_numpy(dtype=np.float64)
    return _is_function(numbers, target) or _separates(numbers, codes)


def _encode(column: pd.Series) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    codes, _ = pd.factorize(column, use_na_sentinel=False)
    return codes.astype(np.int64)


def _equals(column: pd.Series, target: pd.Series) -> bool:
    if types.is_numeric_dtype(column) != types.is_numeric_dtype(target):
        return False
    if column.isna().any() or target.isna().any():  # an `NA` equals nothing, not even itself
        return False
    dtype = np.float64 if types.is_numeric_dtype(column) else object
    return np.array_equal(column.to_numpy(dtype=dtype), target.to_numpy(dtype=dtype))


def _is_function(
    numbers: "np.ndarray[tuple[int], np.dtype[np.float64]]", target: pd.Series
) -> bool:
    """Return whether the target rises or falls with a column: a linear function, a logarithm."""
    if not types.is_numeric_dtype(target) or target.nunique() <= MIN_ROWS:
        return False
    y = target.to_numpy(dtype=np.float64)
    if (np.abs(y) > MAX_FLOAT32).any():  # which is refused: their products are not finite
        return False
    ranks, target_ranks = (np.unique(values, return_inverse=True)[1] for values in (numbers, y))
    if np.array_equal(ranks, target_ranks) or np.array_equal(ranks.max() - ranks, target_ranks):
        return True
    # Of the same line, some values may be rounded to the same number.
    x, y = numbers - numbers.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return spread > 0 and abs(float(x @ y)) / spread > 1 - 1e-9


def _separates(
    numbers: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    codes: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> bool:
    """Return whether each class has an interval of a number to itself."""
    classes = int(codes.max()) + 1
    if classes > MAX_CLASSES or len(numbers) < MIN_ROWS_A_VALUE * MIN_ROWS * (classes - 1):
        return False
    frame = pd.DataFrame({"code": codes, "number": numbers}).groupby("code")["number"]
    ends = pd.DataFrame({"low": frame.min(), "high": frame.max()}).sort_values("low")
    return bool((ends["high"].to_numpy()[:-1] < ends["low"].to_numpy()[1:]).all())


def find_unlabelled(target: pd.Series, *, dropped: bool) -> Finding:
    """Return that rows have no target: they are left out if `dropped`, and refused otherwise."""
    missing, name = int(target.isna().sum()), str(target.name)
    if missing == len(target):
        return Finding(name, "is missing in every row")
    if dropped:
        return Finding(name, f"{counted(missing, 'row')} without it left out", blocking=False)
    problem = f"{counted(missing, 'missing value')}; the target may have none"
    return Finding(name, problem, (Remedy("drop_missing_target", name, when=LEFT_OUT),))


def find_alike(name: str, column: pd.Series) -> Finding | None:
    """Return that categories or labels differ by case, spaces or the form of an accent alone."""
    if not is_category(column):
        return None
    seen: dict[str, str] = {}
    pairs = []
    for text in map(str, column.dropna().unique()):
        plain = unicodedata.normalize("NFKC", text)
        other = seen.setdefault(" ".join(plain.split()).casefold(), text)
        if other != text:
            same = unicodedata.normalize("NFKC", other) == plain
            looks = ", which look the same and are composed otherwise," if same else ""
            pairs.append(f"{shorten(other)} and {shorten(text)}{looks}")
    if not pairs:
        return None
    more = f" ({len(pairs)} such pairs)" if len(pairs) > 1 else ""
    problem = f"{pairs[0]} are two categories{more}; write them alike in the file, or in data.py"
    return Finding(name, problem, blocking=False)
