"""The first seam: where your rows come from. Whatever `load` returns, the schema follows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ..artifact import Artifact, Feature
from ..errors import Complaint, InvalidInputError
from .sections import DataSection

MODALITY = "tabular"
LARGEST = 3.4028234663852886e38  # a float32 holds no more
LARGEST_WHOLE = 2**24  # up to here it holds every integer
MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Dataset:
    """A table of features, one row a case, and what is to be predicted of each.

    `incomplete` names the columns with gaps in the table that these rows were taken from.
    """

    rows: pd.DataFrame
    target: pd.Series
    incomplete: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def take(self, index: NDArray[np.int64]) -> "Dataset":
        """Return the rows at `index`, of shape (n,)."""
        return Dataset(self.rows.iloc[index], self.target.iloc[index], self.gaps())

    def gaps(self) -> frozenset[str]:
        """Return the columns whose values may be missing: a rare gap may lie in no row of these."""
        here = (str(name) for name, column in self.rows.items() if column.isna().any())
        return self.incomplete.union(here)

    def places(self) -> dict[str, tuple[str, int]]:
        """Return for each column the array in which it stands, and its number there."""
        places: dict[str, tuple[str, int]] = {}
        width = {"features": 0, "categories": 0}
        for name, column in self.rows.items():
            tensor = "categories" if is_category(column) else "features"
            places[str(name)] = (tensor, width[tensor])
            width[tensor] += 1
        return places

    def feeds(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the graph takes, as serving makes them of a request.

        Returns:
            "features", float32 of shape (rows, n_numbers), where NaN stands for what is missing;
            "categories", text of shape (rows, n_categories), where "" stands for it.
        """
        texts = [name for name, (tensor, _) in self.places().items() if tensor == "categories"]
        numbers = self.rows.drop(columns=texts)
        feeds: dict[str, NDArray[Any]] = {}
        if len(numbers.columns):
            feeds["features"] = numbers.to_numpy(dtype=np.float32, na_value=np.nan)
        if texts:
            feeds["categories"] = self.rows[texts].to_numpy(dtype=object, na_value="")
        return feeds


def load(section: DataSection) -> Dataset:
    """Read the table; replace this function to read yours from somewhere else.

    Raises:
        InvalidInputError: the file cannot be read, or holds what no model could take; each column
            that is wrong is named.
    """
    return check(read_csv(section.path), section.target)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file whose first line names the columns; an empty field is a gap.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    try:
        return pd.read_csv(
            path, dtype_backend="numpy_nullable", keep_default_na=False, na_values=[""]
        )
    except (OSError, ValueError) as error:
        raise InvalidInputError([Complaint(str(path), f"cannot be read: {error}")]) from error


def check(table: pd.DataFrame, target: str) -> Dataset:
    """Part a table into features and target, once every column is one that a model can take.

    Raises:
        InvalidInputError: there is no target or no row; columns hold numbers beyond float32,
            numbers among other things, dates, or more categories than can be learnt.
    """
    if target not in table.columns:
        known = ", ".join(map(str, table.columns))
        raise InvalidInputError([Complaint(target, f"no such column; there are {known}")])
    if table.empty or len(table.columns) == 1:
        raise InvalidInputError([Complaint("data", "holds no rows, or no column but the target")])
    rows = table.drop(columns=target)
    rows.columns = rows.columns.map(str)
    untyped = {str(name): each for name, each in rows.items() if each.dtype == object}
    rows = rows.assign(**{name: each.convert_dtypes() for name, each in untyped.items()})
    wrong = [
        Complaint(str(name), problem) for name, column in rows.items() if (problem := fault(column))
    ]
    if gaps := int(table[target].isna().sum()):
        wrong.append(Complaint(target, f"{gaps} gaps; the target may have none"))
    if wrong:
        raise InvalidInputError(wrong)
    return Dataset(rows, table[target])


def fault(column: pd.Series) -> str:
    """Return why a column is none that a model can take; nothing if it is one."""
    if column.isna().all():
        return "is empty"
    if is_category(column):
        return fault_of_texts(column)
    if types.is_bool_dtype(column):
        return ""
    if not types.is_numeric_dtype(column):
        return f"holds {column.dtype}, not numbers, booleans or text"
    count = int((column.abs() > LARGEST).sum())
    return f"{count} values are larger than float32 can hold" if count else ""


def fault_of_texts(column: pd.Series) -> str:
    """Return why a column of texts is no column of categories; nothing if it is one."""
    present = column.dropna()
    numeric = pd.to_numeric(present, errors="coerce").notna()
    if not numeric.all() and numeric.mean() > 1 / 2:
        other = present[~numeric].iloc[0]
        return f"holds numbers and other things, such as {other!r}; leave gaps empty"
    if (count := column.nunique()) > MOST_CATEGORIES:
        return (
            f"holds {count} different texts, {MOST_CATEGORIES} are the limit; "
            "leave it out, or turn it into numbers"
        )
    return ""


def is_category(column: pd.Series) -> bool:
    """Tell whether a column holds text."""
    return types.is_string_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype)


def describe(dataset: Dataset) -> tuple[Feature, ...]:
    """Return the schema of the rows: each column's kind, its range, gaps, and its middle."""
    gaps = dataset.gaps()
    return tuple(
        _describe(str(name), column, gaps=str(name) in gaps)
        for name, column in dataset.rows.items()
    )


def _describe(name: str, column: pd.Series, *, gaps: bool) -> Feature:
    if is_category(column):
        counts = column.value_counts()
        known = tuple(sorted(map(str, counts.index)))
        most = str(counts.index[0])
        return Feature(name=name, kind="category", categories=known, gaps=gaps, example=most)
    low, high = float(column.min()), float(column.max())
    middle = float(column.median())
    kind = "number"
    if types.is_bool_dtype(column):
        kind, low, high, middle = "boolean", 0.0, 1.0, float(round(middle))
    elif types.is_integer_dtype(column) and max(-low, high) <= LARGEST_WHOLE:
        kind, middle = "integer", float(int(middle))
    return Feature(name=name, kind=kind, minimum=low, maximum=high, gaps=gaps, example=middle)


def batches(dataset: Dataset, files: object) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the arrays that the graph takes: a table's fit into memory, all at once."""
    del files
    yield dataset.feeds()


def typical(training: Dataset, test: Dataset) -> Dataset:
    """Return the rows that production is compared with: all that the model was fitted to."""
    del test
    return training


def observations(dataset: Dataset, files: object) -> dict[str, NDArray[Any]]:
    """Return what is watched for drift: every column, of shape (rows,)."""
    del files
    return {
        str(name): column.to_numpy(dtype=object, na_value="")
        if is_category(column)
        else column.to_numpy(dtype=np.float32, na_value=np.nan)
        for name, column in dataset.rows.items()
    }


def select(dataset: Dataset, found: Artifact) -> Dataset:
    """Return the columns of a table as an artifact's model takes them, and in that order.

    Raises:
        InvalidInputError: columns are missing, hold text where numbers belong, or gaps where
            there were none; each is named.
    """
    rows, features, gaps = dataset.rows, found.manifest.features, dataset.gaps()
    wrong = [Complaint(each.name, "no such column") for each in features if each.name not in rows]
    wrong += [
        Complaint(each.name, f"holds text, not values of kind {each.kind}")
        for each in features
        if each.name in rows and each.kind != "category" and is_category(rows[each.name])
    ]
    wrong += [
        Complaint(each.name, "holds gaps; there were none in training")
        for each in features
        if each.name in gaps and not each.gaps
    ]
    if wrong:
        raise InvalidInputError(wrong)
    texts = {each.name: "string" for each in features if each.kind == "category"}
    chosen = rows[[each.name for each in features]].astype(texts)
    return Dataset(chosen, dataset.target)
