"""A table in memory: its columns, their types, and their tensors."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...artifact import Artifact
from ...errors import FieldError, InvalidInputError
from ...manifest import Feature
from .columns import describe_column, find_fault, is_category


@dataclass(frozen=True)
class Table:
    """Columns of numbers, booleans and categories, and the target of each row.

    `incomplete` names the columns with missing values in the whole table.
    """

    rows: pd.DataFrame
    target: pd.Series
    incomplete: frozenset[str] = frozenset()

    pipeline_tag: ClassVar[str] = "tabular"

    @classmethod
    def read_csv(cls, path: Path, *, target: str) -> "Table":
        """Read a CSV file with a header; an empty field is a missing value.

        Args:
            path: of the file.
            target: the column to predict.

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
        """Split a data frame into features and target, and validate every column.

        Args:
            frame: the rows, with the target among the columns.
            target: the column to predict.

        Raises:
            InvalidInputError: there is no target or no row; columns hold numbers too large for
                float32, numbers mixed with text, dates, or too many categories. Each is named.
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
        errors = [
            FieldError(str(name), problem)
            for name, column in rows.items()
            if (problem := find_fault(column))
        ]
        if missing := int(frame[target].isna().sum()):
            errors.append(FieldError(target, f"{missing} missing values; the target may have none"))
        if errors:
            raise InvalidInputError(errors)
        return cls(rows, frame[target])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def take(self, index: NDArray[np.int64]) -> "Table":
        """Return the rows at `index`, of shape (n,)."""
        return Table(self.rows.iloc[index], self.target.iloc[index], self.nullable())

    def nullable(self) -> frozenset[str]:
        """Return the columns with missing values in the whole table, not in these rows alone."""
        missing = (str(name) for name, column in self.rows.items() if column.isna().any())
        return self.incomplete.union(missing)

    def places(self) -> dict[str, tuple[str, int]]:
        """Return for each column the name of its tensor, and its index in it."""
        places: dict[str, tuple[str, int]] = {}
        width = {"features": 0, "categories": 0}
        for name, column in self.rows.items():
            tensor = "categories" if is_category(column) else "features"
            places[str(name)] = (tensor, width[tensor])
            width[tensor] += 1
        return places

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the graph's input tensors, as serving builds them from a request.

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
        """Return the schema: each column's type, range and median, and whether it is nullable."""
        nullable = self.nullable()
        return tuple(
            describe_column(str(name), column, nullable=str(name) in nullable)
            for name, column in self.rows.items()
        )

    def batches(self, files: object) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the graph's input tensors, all rows at once."""
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
        """Return the rows that drift is measured against: the training rows."""
        del test
        return self

    def select(self, artifact: Artifact) -> "Table":
        """Return the columns that an artifact's model takes, in its order.

        Args:
            artifact: its manifest has the schema.

        Raises:
            InvalidInputError: columns are missing, hold text instead of numbers, or have missing
                values although training had none; each is named.
        """
        rows, features, nullable = self.rows, artifact.manifest.features, self.nullable()
        errors = [
            FieldError(each.name, "no such column") for each in features if each.name not in rows
        ]
        errors += [
            FieldError(each.name, f"holds text, not values of type {each.dtype}")
            for each in features
            if each.name in rows and each.dtype != "category" and is_category(rows[each.name])
        ]
        errors += [
            FieldError(each.name, "has missing values; there were none in training")
            for each in features
            if each.name in nullable and not each.nullable
        ]
        if errors:
            raise InvalidInputError(errors)
        texts = {each.name: "string" for each in features if each.dtype == "category"}
        chosen = rows[[each.name for each in features]].astype(texts)
        return Table(chosen, self.target)
