"""A table in memory: its columns, their types, and their tensors."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...artifact import Artifact
from ...errors import FieldError, InvalidDataError, InvalidInputError
from ...manifest import Feature
from ..frames import with_names, with_plain_numbers
from ..reading.frames import FileRows, read_files
from ..reading.remedies import Finding
from ..reading.suggested import read_all
from ..sections import DataSection
from ..split_column import take_split_column
from .columns import describe_column, is_category
from .inspection import Inspection, inspect_frame
from .roles import Roles


@dataclass(frozen=True)
class Table:
    """Columns of numbers, booleans and categories, and the target of each row.

    `incomplete` names the columns with missing values in the whole table; `split_column` has the
    time or the group of each row, if the split is by one; `warnings` say what may be wrong with
    the data, and `inspection` what each column was taken for.
    """

    rows: pd.DataFrame
    target: pd.Series
    incomplete: frozenset[str] = frozenset()
    split_column: pd.Series | None = None
    warnings: tuple[FieldError, ...] = ()
    inspection: Inspection | None = None

    pipeline_tag: ClassVar[str] = "tabular"
    # What pandas and R write for a missing value; `[data] missing` replaces them.
    missing: ClassVar[tuple[str, ...]] = (
        *("NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null"),
    )

    @classmethod
    def read(cls, section: DataSection) -> "Table":
        """Read the files of `[data]`.

        Args:
            section: the files, how they are written, and the columns.

        Raises:
            InvalidInputError: a file cannot be read, or as `from_frame`.
            TrainingError: a Parquet file cannot be read without pyarrow.
        """
        return read_all(lambda other: cls._inspect(cls._read(other), other), section)

    @classmethod
    def read_frame(cls, section: DataSection) -> pd.DataFrame:
        """Return the files of `[data]` as a data frame, to change it before `from_frame`.

        Raises:
            InvalidInputError: a file cannot be read.
            TrainingError: a Parquet file cannot be read without pyarrow.
        """
        return cls._read(section).frame

    @classmethod
    def _read(cls, section: DataSection) -> FileRows:
        texts = {name for name, dtype in section.dtypes.items() if dtype == "category"}
        texts |= {each.name for each in section.features if each.dtype == "category"}
        return read_files(section, section.dialect(cls.missing), texts=texts)

    @classmethod
    def read_csv(cls, path: Path, *, target: str) -> "Table":
        """Read a CSV file with a header, commas and points; as `read` with nothing else stated.

        Args:
            path: of the file.
            target: the column to predict.

        Raises:
            InvalidInputError: the file cannot be read, or as `from_frame`.
        """
        return cls.read(DataSection(path=path, target=target))

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        section: DataSection | None = None,
        *,
        target: str = "",
        split_column: str | None = None,
    ) -> "Table":
        """Split a data frame into features and target, and validate every column.

        Args:
            frame: the rows, with the target among the columns.
            section: `[data]`: the target, the columns that are no features, and stated dtypes.
            target: the column to predict, without a section.
            split_column: the time or the group that the split is by, without a section.

        Raises:
            InvalidInputError: a column does not exist, there is no row, or columns hold what a
                model cannot take; each is named with the way out.
        """
        given = section or DataSection(path=Path("data"), target=target, split_column=split_column)
        return cls._inspect(FileRows(frame, []), given)

    @classmethod
    def _inspect(cls, found: FileRows, section: DataSection) -> "Table":
        named = with_plain_numbers(with_names(found.frame))
        times, findings = _take_split_column(named, section)
        roles = Roles.of(section, found.markers)
        inspected = inspect_frame(named, roles, found.findings)
        inspected = inspected._replace(findings=(*findings, *inspected.findings))
        if inspected.errors or inspected.target is None:
            raise InvalidDataError(inspected.errors, inspected)
        target, kept = inspected.target, inspected.target.notna()
        inspected = inspected.take(kept)
        return cls(
            inspected.rows,
            target[kept],
            split_column=None if times is None else times[kept],
            warnings=inspected.warnings,
            inspection=inspected,
        )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def take(self, index: NDArray[np.int64]) -> "Table":
        """Return the rows at `index`, of shape (n,)."""
        times = None if self.split_column is None else self.split_column.iloc[index]
        return Table(self.rows.iloc[index], self.target.iloc[index], self.nullable(), times)

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
        """Return the schema: each column's type, range and lower median, and if it is nullable."""
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


def _take_split_column(
    frame: pd.DataFrame, section: DataSection
) -> tuple[pd.Series | None, list[Finding]]:
    """Return the column that the split is by, and what is wrong with it."""
    if section.split_column is None:
        return None, []
    try:
        return take_split_column(frame, section.split_column, section.target), []
    except InvalidInputError as error:
        return None, [Finding(each.pointer, each.detail) for each in error.errors]
