"""The first seam: where your rows come from. Whatever `load` returns, the schema follows it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ..artifact import Feature
from ..errors import Complaint, InvalidInputError
from .config import DataSection

LARGEST = 3.4028234663852886e38  # a float32 holds no more


@dataclass(frozen=True)
class Dataset:
    """A table of features, one row a case, and what is to be predicted of each."""

    rows: pd.DataFrame
    target: pd.Series

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def matrix(self) -> NDArray[np.float32]:
        """Return the features as float32 of shape (rows, n_features)."""
        return self.rows.to_numpy(dtype=np.float32)

    def take(self, index: NDArray[np.int64]) -> "Dataset":
        """Return the rows at `index`, of shape (n,)."""
        return Dataset(self.rows.iloc[index], self.target.iloc[index])


def load(section: DataSection) -> Dataset:
    """Read the table; replace this function to read yours from somewhere else.

    Raises:
        InvalidInputError: the file cannot be read, has no target, or columns with gaps, with
            numbers beyond float32, or with other things than numbers; each one is named.
    """
    return read_csv(section.path, section.target)


def read_csv(path: Path, target: str) -> Dataset:
    """Read a CSV file whose first line names the columns.

    Raises:
        InvalidInputError: as `load` has it.
    """
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError([Complaint(str(path), f"cannot be read: {error}")]) from error
    if target not in frame.columns:
        known = ", ".join(map(str, frame.columns))
        raise InvalidInputError([Complaint(target, f"no such column; there are {known}")])
    if frame.empty:
        raise InvalidInputError([Complaint(str(path), "holds no rows")])
    rows = frame.drop(columns=target)
    wrong = [
        Complaint(str(name), "holds other things than numbers")
        for name, column in rows.items()
        if not (types.is_numeric_dtype(column) or types.is_bool_dtype(column))
    ]
    gaps = {str(name): int(column.isna().sum()) for name, column in frame.items()}
    wrong += [Complaint(name, f"{count} gaps") for name, count in gaps.items() if count]
    wrong += [
        Complaint(str(name), f"{count} values are larger than float32 can hold")
        for name, column in rows.select_dtypes("number").items()
        if (count := int((column.abs() > LARGEST).sum()))
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return Dataset(rows, frame[target])


def describe(dataset: Dataset) -> tuple[Feature, ...]:
    """Return the schema of the rows: each column's kind, its range, and its median."""
    return tuple(_describe(str(name), column) for name, column in dataset.rows.items())


def _describe(name: str, column: pd.Series) -> Feature:
    middle = float(column.median())
    if types.is_bool_dtype(column):
        return Feature(name=name, kind="boolean", minimum=0, maximum=1, example=round(middle))
    low, high = float(column.min()), float(column.max())
    if types.is_integer_dtype(column):
        return Feature(name=name, kind="integer", minimum=low, maximum=high, example=int(middle))
    return Feature(name=name, kind="number", minimum=low, maximum=high, example=middle)
