"""Divide rows into slices by the values of a field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ...bins import MISSING
from ..dataset import Dataset

MOST_VALUES = 6  # of whole numbers, each a slice of its own
QUANTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Slicing:
    """The slices of one field: their names, and the slice of each row, of shape (rows,)."""

    field: str
    names: Sequence[str]
    codes: NDArray[np.int64]


def slice_fields(dataset: Dataset) -> Iterator[Slicing]:
    """Yield the slices by each field of a dataset: of a text, those by its length."""
    for name, column in dataset.rows.items():
        if dataset.pipeline_tag == "text":
            lengths = column.astype(str).str.len()
            yield slice_column(f"length of {name}", lengths, unit=" characters")
        else:
            yield slice_column(str(name), column)


def slice_column(field: str, column: pd.Series, *, unit: str = "") -> Slicing:
    """Return the slices of one column: each category, each truth value, or quartiles of numbers.

    Args:
        field: its name.
        column: of the rows.
        unit: behind a number.
    """
    if types.is_bool_dtype(column) or not types.is_numeric_dtype(column):
        return _slice_texts(field, column)
    return _slice_numbers(field, column.to_numpy(dtype=np.float64, na_value=np.nan), unit)


def _slice_texts(field: str, column: pd.Series) -> Slicing:
    codes, values = pd.factorize(column)  # -1 for a missing value
    names = [str(value).lower() if types.is_bool_dtype(column) else str(value) for value in values]
    order = sorted(range(len(names)), key=names.__getitem__)
    places = np.empty(len(names) + 1, dtype=np.int64)
    places[order] = np.arange(len(names))
    places[-1] = len(names)
    known = [names[place] for place in order]
    return Slicing(field, [*known, MISSING] if (codes < 0).any() else known, places[codes])


def _slice_numbers(field: str, values: NDArray[np.float64], unit: str) -> Slicing:
    missing = np.isnan(values)
    known = values[~missing]
    distinct = np.unique(known)
    if len(distinct) <= MOST_VALUES and (distinct % 1 == 0).all():
        names = [f"{value:.12g}{unit}" for value in distinct]
        codes = np.searchsorted(distinct, values)
    else:
        edges = np.unique(np.quantile(known, QUANTILES, method="inverted_cdf"))
        edges = edges[edges < distinct[-1]]
        (first, second), *others = pairwise([distinct[0], *edges, distinct[-1]])
        names = [f"{first:.6g} to {second:.6g}{unit}"]
        names += [f"above {low:.6g}, up to {high:.6g}{unit}" for low, high in others]
        codes = np.searchsorted(edges, values)  # NaN sorts after all
    if missing.any():
        codes = np.where(missing, len(names), codes)
        names = [*names, MISSING]
    return Slicing(field, names, codes.astype(np.int64))
