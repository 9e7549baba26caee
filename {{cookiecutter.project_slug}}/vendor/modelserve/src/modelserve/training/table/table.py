"""A table in memory: its columns, their types, and the tensors that it becomes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ...artifact import Artifact, Dtype, Feature
from ...errors import FieldError, InvalidInputError

LARGEST = 3.4028234663852886e38  # a float32 holds no more
LARGEST_WHOLE = 2**24  # up to here it holds every integer
MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Table:
    """Columns of numbers, booleans and categories, and the target of each row.

    `incomplete` names the columns with missing values in the table that these rows are part of.
    """

    rows: pd.DataFrame
    target: pd.Series
    incomplete: frozenset[str] = frozenset()

    pipeline_tag: ClassVar[str] = "tabular"

    @classmethod
    def read_csv(cls, path: Path, *, target: str) -> "Table":
        """Read a CSV file whose first line names the columns; an empty field is a missing value.

        Raises:
            InvalidInputError: the file cannot be read, or as `from_frame`.
        """
        try:
            frame = pd.read_csv(
                path, dtype_backend="numpy_nullable", keep_default_na=False, na_values=[""]
            )
        except (OSError, ValueError) as error:
            raise InvalidInputError([FieldError(str(path), f"cannot be read: {error}")]) from error
        return cls.from_frame(frame, target=target)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, target: str) -> "Table":
        """Split a data frame into features and target, once a model can take every column.

        Raises:
            InvalidInputError: there is no target or no row; columns hold numbers beyond float32,
                numbers among other things, dates, or too many categories. Each one is named.
        """
        if target not in frame.columns:
            known = ", ".join(map(str, frame.columns))
            raise InvalidInputError([FieldError(target, f"no such column; there are {known}")])
        if frame.empty or len(frame.columns) == 1:
            problem = "holds no rows, or no column but the target"
            raise InvalidInputError([FieldError("data", problem)])
        rows = frame.drop(columns=target)
        rows.columns = rows.columns.map(str)
        untyped = {str(name): each for name, each in rows.items() if each.dtype == object}
        rows = rows.assign(**{name: each.convert_dtypes() for name, each in untyped.items()})
        wrong = [
            FieldError(str(name), problem)
            for name, column in rows.items()
            if (problem := find_fault(column))
        ]
        if missing := int(frame[target].isna().sum()):
            wrong.append(FieldError(target, f"{missing} missing values; the target may have none"))
        if wrong:
            raise InvalidInputError(wrong)
        return cls(rows, frame[target])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def take(self, index: NDArray[np.int64]) -> "Table":
        """Return the rows at `index`, of shape (n,)."""
        return Table(self.rows.iloc[index], self.target.iloc[index], self.nullable())

    def nullable(self) -> frozenset[str]:
        """Return the columns whose values may be missing: a rare one may lie in no row of these."""
        here = (str(name) for name, column in self.rows.items() if column.isna().any())
        return self.incomplete.union(here)

    def places(self) -> dict[str, tuple[str, int]]:
        """Return for each column the tensor that holds it, and its index there."""
        places: dict[str, tuple[str, int]] = {}
        width = {"features": 0, "categories": 0}
        for name, column in self.rows.items():
            tensor = "categories" if is_category(column) else "features"
            places[str(name)] = (tensor, width[tensor])
            width[tensor] += 1
        return places

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the tensors that the graph takes, as serving makes them of a request.

        Returns:
            "features", float32 of shape (rows, n_numbers), NaN for a missing value;
            "categories", text of shape (rows, n_categories), "" for a missing value.
        """
        texts = [name for name, (tensor, _) in self.places().items() if tensor == "categories"]
        numbers = self.rows.drop(columns=texts)
        tensors: dict[str, NDArray[Any]] = {}
        if len(numbers.columns):
            tensors["features"] = numbers.to_numpy(dtype=np.float32, na_value=np.nan)
        if texts:
            tensors["categories"] = self.rows[texts].to_numpy(dtype=object, na_value="")
        return tensors

    def describe(self) -> tuple[Feature, ...]:
        """Return the schema: each column's type, range, and middle, and whether it is nullable."""
        nullable = self.nullable()
        return tuple(
            describe_column(str(name), column, nullable=str(name) in nullable)
            for name, column in self.rows.items()
        )

    def batches(self, files: object) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the tensors that the graph takes: a table fits into memory, all at once."""
        del files
        yield self.tensors()

    def observations(self, files: object) -> dict[str, NDArray[Any]]:
        """Return what is monitored for drift: every column, of shape (rows,)."""
        del files
        return {
            str(name): column.to_numpy(dtype=object, na_value="")
            if is_category(column)
            else column.to_numpy(dtype=np.float32, na_value=np.nan)
            for name, column in self.rows.items()
        }

    def reference(self, test: "Table") -> "Table":
        """Return the rows that production is compared with: all that the model was fitted to."""
        del test
        return self

    def select(self, artifact: Artifact) -> "Table":
        """Return the columns as an artifact's model takes them, and in that order.

        Raises:
            InvalidInputError: columns are missing, hold text where numbers belong, or missing
                values where training had none; each is named.
        """
        rows, features, nullable = self.rows, artifact.manifest.features, self.nullable()
        wrong = [
            FieldError(each.name, "no such column") for each in features if each.name not in rows
        ]
        wrong += [
            FieldError(each.name, f"holds text, not values of type {each.dtype}")
            for each in features
            if each.name in rows and each.dtype != "category" and is_category(rows[each.name])
        ]
        wrong += [
            FieldError(each.name, "has missing values; there were none in training")
            for each in features
            if each.name in nullable and not each.nullable
        ]
        if wrong:
            raise InvalidInputError(wrong)
        texts = {each.name: "string" for each in features if each.dtype == "category"}
        chosen = rows[[each.name for each in features]].astype(texts)
        return Table(chosen, self.target)


def find_fault(column: pd.Series) -> str:
    """Return why no model can take a column; an empty string if it can."""
    if column.isna().all():
        return "is empty"
    if is_category(column):
        return find_fault_of_texts(column)
    if types.is_bool_dtype(column):
        return ""
    if not types.is_numeric_dtype(column):
        return f"holds {column.dtype}, not numbers, booleans or text"
    count = int((column.abs() > LARGEST).sum())
    return f"{count} values are larger than float32 can hold" if count else ""


def find_fault_of_texts(column: pd.Series) -> str:
    """Return why a column of texts cannot be categories; an empty string if it can."""
    present = column.dropna()
    numeric = pd.to_numeric(present, errors="coerce").notna()
    if not numeric.all() and numeric.mean() > 1 / 2:
        other = present[~numeric].iloc[0]
        return f"holds numbers and other things, such as {other!r}; leave missing values empty"
    if (count := column.nunique()) > MOST_CATEGORIES:
        return (
            f"holds {count} different texts, {MOST_CATEGORIES} are the limit; "
            "leave it out, or turn it into numbers"
        )
    return ""


def is_category(column: pd.Series) -> bool:
    """Tell whether a column holds text."""
    return types.is_string_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype)


def describe_column(name: str, column: pd.Series, *, nullable: bool) -> Feature:
    """Return the schema of one column."""
    if is_category(column):
        counts = column.value_counts()
        known = tuple(sorted(map(str, counts.index)))
        most = str(counts.index[0])
        return Feature(
            name=name, dtype="category", categories=known, nullable=nullable, example=most
        )
    low, high = float(column.min()), float(column.max())
    middle = float(column.median())
    dtype: Dtype = "number"
    if types.is_bool_dtype(column):
        dtype, low, high, middle = "boolean", 0.0, 1.0, float(round(middle))
    elif types.is_integer_dtype(column) and max(-low, high) <= LARGEST_WHOLE:
        dtype, middle = "integer", float(int(middle))
    return Feature(
        name=name, dtype=dtype, minimum=low, maximum=high, nullable=nullable, example=middle
    )
