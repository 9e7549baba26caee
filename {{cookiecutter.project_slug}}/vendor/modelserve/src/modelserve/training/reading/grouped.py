"""Report numbers whose sign between thousands was probably read as the decimal one."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from pandas.api import types

from .csv_files import CsvFile
from .remedies import Finding, Remedy, quote

WHOLE = re.compile(r"[+-]?\d{1,3}").fullmatch

THOUSAND = 1_000
MIN_GROUPED = 3  # rows with a sign that may separate thousands
MIN_WHOLE = 100  # of whole numbers up to a few thousand, some are of three digits
HEAD_ROWS = 1_000


def find_grouped(
    files: Sequence[CsvFile], frame: pd.DataFrame, aside: Collection[str | None]
) -> Iterator[Finding]:
    """Yield the columns of CSV files whose thousands were probably read as fractions.

    Args:
        files: of one dialect.
        frame: the rows of all files.
        aside: columns that are not to be reported.
    """
    candidates = [name for name in find_candidates(frame) if name not in aside]
    if not candidates:
        return
    decimal = files[0].dialect.decimal
    floats = [str(name) for name, column in frame.items() if types.is_float_dtype(column)]
    head = _read_written(files[:1], floats, rows=HEAD_ROWS)
    fits = partial(_may_be_grouped, decimal=decimal)
    others = {str(name) for name, column in head.items() if not all(map(fits, column.dropna()))}
    # A comma is a decimal sign on purpose: pandas would have left such numbers as text.
    alone = not others and decimal == "."
    names = [name for name in candidates if name not in others]
    for name, column in _read_written(files, names).items() if names else ():
        if found := find_thousands(str(name), column.dropna(), decimal, alone=alone):
            yield found


def _read_written(
    files: Sequence[CsvFile], names: Sequence[str], rows: int | None = None
) -> pd.DataFrame:
    """Return columns as they are written, of the files that have them."""
    parts = []
    for file in files:
        known = {*file.names()}
        parts.append(file.read_written([name for name in names if name in known], rows))
    return pd.concat(parts, ignore_index=True)


def _may_be_grouped(text: object, decimal: str) -> bool:
    """Return whether a number is whole, where a sign separates thousands."""
    number = str(text).strip()
    pattern = rf"[+-]?[1-9]\d{{0,2}}{re.escape(decimal)}\d{{3}}"
    return decimal not in number or re.fullmatch(pattern, number) is not None


def find_candidates(frame: pd.DataFrame) -> list[str]:
    """Return the columns of numbers that may be whole, with a sign between thousands.

    Their fractions have at most three digits. There is no such column where another one has other
    fractions: the sign begins them.
    """
    found = []
    for name, column in frame.items():
        if not types.is_float_dtype(column):
            continue
        numbers = column.dropna().abs().to_numpy(dtype=np.float64)
        numbers = numbers[np.isfinite(numbers)]
        fractions = numbers[numbers % 1 != 0]
        grouped = fractions * THOUSAND
        if (fractions < 1).any() or not np.allclose(grouped, grouped.round(), rtol=0, atol=1e-6):
            return []
        if numbers.size and numbers.max() < THOUSAND:
            found.append(str(name))
    return found


def find_thousands(
    name: str, column: Iterable[object], decimal: str, *, alone: bool
) -> Finding | None:
    """Return that a sign between thousands was probably read as the decimal one.

    Args:
        name: of the column.
        column: its values as they are written.
        decimal: the sign before a fraction that is stated.
        alone: whether it tells enough that three digits follow each sign.
    """
    texts = [str(value).strip() for value in column]
    grouped = [text for text in texts if decimal in text and _may_be_grouped(text, decimal)]
    whole = [text for text in texts if WHOLE(text)]
    if len(grouped) < MIN_GROUPED or len(grouped) + len(whole) < len(texts):
        return None
    shown, zeros = grouped[0], f"{decimal}000"
    problem = f"{quote(shown)} is read as a fraction"
    largest = max(whole, key=lambda text: abs(int(text)), default="0")
    if abs(int(largest)) >= MIN_WHOLE:
        problem += f", and {quote(largest)} as a larger number"
    elif alone and len({*grouped}) >= MIN_GROUPED:
        shown = next((text for text in grouped if not text.endswith(zeros)), shown)
        read = shown.removesuffix(zeros)
        problem = f"{quote(shown)} is read as {'a fraction' if read == shown else read}"
        problem += f", and three digits follow each {quote(decimal)}"
    else:
        return None
    other = "," if decimal == "." else "."
    ways = (
        Remedy("notation", name, (other, decimal), f"if {quote(decimal)} separates thousands"),
        Remedy("dtypes", name, "number", "if these are fractions"),
    )
    return Finding(name, problem, ways, blocking=False)
