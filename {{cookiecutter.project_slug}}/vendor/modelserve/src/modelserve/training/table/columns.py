"""Validate and describe one column of a table."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ...manifest import Dtype, Feature
from ...thousands import make_check
from ..reading.remedies import Finding, Markers, Remedy, counted, shorten
from .float32 import MAX_EXACT_INTEGER, find_large_numbers, find_merged_numbers
from .value_kinds import DATES, find_other_kind

MAX_CATEGORIES = 200
LISTED = 3  # values in an error
MAX_MARKED = 10  # texts to state as missing
NEARLY_ALL = 0.9  # share of the rows
# They stand for a missing value rather than for one more category.
MARKERS = {"?", "-", "--", ".", "*", "none", "nil", "missing", "unknown", "n.a.", "n/a", "#n/a"}

MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
TIME = r"([T ]\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([ap]\.?m\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?"
YEAR = r"(\d{4}|\d{2})"
DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]{YEAR}"
    rf"|\d{{1,2}}[-\s.]*{MONTH}[-\s,]*{YEAR}"
    rf"|{MONTH}[-\s]*\d{{1,2}},?[-\s]+\d{{4}}){TIME}",
    re.IGNORECASE,
).fullmatch


class Signs(NamedTuple):
    """The signs of a number: in front of its fraction, and between its thousands if any."""

    decimal: str = "."
    thousands: str | None = None

    def read(self, texts: pd.Series) -> pd.Series:
        """Return the number that each text is, missing for a text that is none."""
        plain = texts.str.strip()
        if self.thousands:
            is_misplaced = make_check(self.thousands, self.decimal)
            plain = plain.mask(plain.map(is_misplaced, na_action="ignore").fillna(value=False))
            plain = plain.str.replace(self.thousands, "", regex=False)
        if self.decimal != ".":
            plain = plain.str.replace(self.decimal, ".", regex=False)
        return pd.to_numeric(plain, errors="coerce")

    def parse(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Return which texts are numbers, of shape (len(texts),)."""
        return self.read(pd.Series(texts, dtype=object)).notna().to_numpy(dtype=np.bool_)


POINT = Signs()


def find_fault(
    name: str,
    column: pd.Series,
    *,
    stated: bool = False,
    missing: Markers = tuple,
    signs: Signs = POINT,
) -> Finding | None:
    """Return why a model cannot take a column, or None if it can.

    Args:
        name: of the column.
        column: its values.
        stated: whether its dtype was stated, and not inferred.
        missing: returns the texts for a missing value, which stay beside a new one.
        signs: of numbers that are written as text.
    """
    if is_category(column) and column.notna().any():
        return _find_fault_in_texts(name, column, stated, missing, signs)
    if column.isna().all():
        return Finding(name, "is empty", (Remedy("drop", name),))
    if types.is_bool_dtype(column):
        return None
    if other := find_other_kind(name, column) or find_large_numbers(name, column, missing):
        return other
    return None if stated else find_merged_numbers(name, column)


def _find_fault_in_texts(
    name: str, column: pd.Series, stated: bool, missing: Markers, signs: Signs
) -> Finding | None:
    counts = column.value_counts()
    texts = [str(text) for text in counts.index]
    drop = Remedy("drop", name)
    if not stated:
        is_number = signs.parse(texts)
        rows = counts.to_numpy(dtype=np.int64)
        mostly = rows[is_number].sum() * 2 > rows.sum() or is_number.sum() * 2 > len(texts)
        if mostly and not is_number.all():
            words = [text for text, number in zip(texts, is_number, strict=True) if not number]
            strays = int(rows[~is_number].sum())
            nearly = strays <= (1 - NEARLY_ALL) * rows.sum()
            fits = len(texts) <= MAX_CATEGORIES
            mixture = _describe_mixture(name, words, strays, missing, nearly=nearly, fits=fits)
            return _name_first_row(mixture, column, words) if nearly else mixture
        dates = sum(DATE(text.strip()) is not None for text in texts)
        if dates * 2 > len(texts):
            shown = shorten(next(text for text in texts if DATE(text.strip())))
            as_category = Remedy("dtypes", name, "category", "to keep them as categories")
            return Finding(name, f"holds dates such as {shown}; {DATES}", (drop, as_category))
    if len(texts) > MAX_CATEGORIES:
        problem = f"holds {len(texts)} different texts, {MAX_CATEGORIES} are the limit"
        if len(texts) == len(column):
            return Finding(
                name,
                f"{problem}, and all differ, as an identifier's",
                (Remedy("index", name), drop),
            )
        return Finding(name, f"{problem}; leave the column out, or convert it to numbers", (drop,))
    return None


def _describe_mixture(
    name: str, words: list[str], count: int, missing: Markers, *, nearly: bool, fits: bool
) -> Finding:
    """Return that a column of numbers has words in some rows.

    Args:
        name: of the column.
        words: the different texts that are no numbers.
        count: of the rows that have one.
        missing: as in `find_fault`.
        nearly: whether nearly all rows have numbers.
        fits: whether the different texts could be categories.
    """
    listed = ", ".join(map(shorten, words[:LISTED])) + (", …" if len(words) > LISTED else "")
    problem = f"holds numbers mixed with text: {counted(count, 'value')} such as {listed}"
    as_category: tuple[Remedy, ...] = (Remedy("dtypes", name, "category"),)
    if not fits:
        as_category = () if nearly else (Remedy("drop", name),)
    if len(words) > (MAX_MARKED if nearly else LISTED):
        return Finding(name, problem, as_category)
    kept = [marker for marker in missing() if marker]
    as_gap = Remedy("missing", words[0], (*kept, *words), "if that is a missing value")
    marked = {word.strip().lower() for word in words} <= MARKERS
    ways = (as_gap, *as_category) if marked or nearly else (*as_category, as_gap)
    return Finding(name, problem, ways)


def _name_first_row(found: Finding, column: pd.Series, words: list[str]) -> Finding:
    """Return a finding with the first row that has a word, unless it stands for a missing value."""
    if {word.strip().lower() for word in words} <= MARKERS:
        return found
    first = int(column.astype("string").isin(words).to_numpy(dtype=np.bool_).argmax())
    where = f"{found.problem}, first in row {first + 1}"
    way_out = "correct the file, or leave out rows such as totals in `load` (data.py)"
    return found._replace(problem=f"{where}; {way_out}")


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
    numbers = column.dropna().to_numpy(dtype=np.float64)
    middle = (len(numbers) - 1) // 2
    # Not the mean of the middle two, which is no value of the column: 9.184999999999999.
    median = float(np.partition(numbers, middle)[middle])
    dtype: Dtype = "number"
    if types.is_bool_dtype(column):
        dtype, low, high = "boolean", 0.0, 1.0
    elif types.is_integer_dtype(column) and max(-low, high) <= MAX_EXACT_INTEGER:
        dtype = "integer"
    return Feature(
        name=name, dtype=dtype, minimum=low, maximum=high, nullable=nullable, example=median
    )
