"""The tables of config/training.toml."""

import codecs
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..answers import label_of
from ..file_formats import FileFormat
from ..manifest import Dialect, Feature
from .reading.files import Paths, format_of

ColumnDtype = Literal["number", "integer", "boolean", "category"]
ThresholdMetric = Literal["f1", "balanced_accuracy", "mcc"]


class Section(BaseModel):
    """A frozen table of the file that rejects unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def at(self, folder: Path) -> Self:
        """Return the table with relative paths resolved from the project's folder."""
        del folder
        return self


class Options(Section):
    """Hyper-parameters: subclass it in your model.py for the keys of `[model]`."""


class DataSection(Section):
    """The files, how they are written, and the columns that are used.

    A path is a file, a folder, a pattern such as "data/*.csv", or several of them. Separator,
    decimal, thousands and encoding are of CSV files; `missing` are the texts that stand for a
    missing value besides an empty one. `index` identifies a row; it is no feature, and nor is what
    `drop` names. `dtypes` overrides what a column is taken for; `drop_missing_target` leaves out
    rows without a target. `split_column` is `[split] column`, `numeric_target` a regressor's.
    """

    path: Paths
    target: str
    test_path: Paths | None = None
    format: FileFormat | None = None
    separator: str = Field(default=",", pattern=r"^[^\r\n\"] ?$")
    decimal: Literal[".", ","] = "."
    thousands: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    missing: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    index: str | None = None
    dtypes: dict[str, ColumnDtype] = {}
    drop_missing_target: bool = False
    split_column: str | None = None
    numeric_target: bool = False

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError('no such encoding; "utf-8", "cp1252" and "utf-16" are some') from error

    @model_validator(mode="after")
    def _check_signs(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("decimal and thousands must differ")
        return self

    def at(self, folder: Path) -> Self:
        """Return the table with its paths resolved from the project's folder."""
        resolved: dict[str, Any] = {"path": _resolve(self.path, folder)}
        if self.test_path is not None:
            resolved["test_path"] = _resolve(self.test_path, folder)
        return self.model_copy(update=resolved)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the path, or the paths, as written."""
        return self.path if isinstance(self.path, tuple) else (self.path,)

    @property
    def source(self) -> str:
        """Return the names of the files, folders and patterns."""
        return ", ".join(path.name for path in self.paths)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return the schema that the rows must have; empty where it is inferred from them."""
        return ()

    def dialect(self, missing: tuple[str, ...]) -> Dialect:
        """Return how the files are written.

        Args:
            missing: the texts that stand for a missing value where `[data]` names none.
        """
        named = missing if self.missing is None else self.missing
        return Dialect(
            format=self.format,
            separator=self.separator,
            decimal=self.decimal,
            thousands=self.thousands,
            encoding=self.encoding,
            missing=tuple(dict.fromkeys(("", *named))),
        )

    def other_files(self, path: Paths, features: tuple[Feature, ...]) -> "DataSection":
        """Return the settings that read other files as a model's training data were read.

        Args:
            path: of the files.
            features: the model's schema; columns besides it are ignored.
        """
        one = path if isinstance(path, Path) else path[0]
        known = format_of(one) is not None
        changes = {
            "path": path,
            "features_": features,
            "format": None if known else self.format,
            "split_column": None,
        }
        return OtherFiles.model_construct(**dict(self) | changes)


class OtherFiles(DataSection):
    """`[data]` for files beside the training data, whose schema is known."""

    features_: tuple[Feature, ...] = ()

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return the schema that the rows must have."""
        return self.features_


def _resolve(path: Paths, folder: Path) -> Paths:
    """Return a path, or each of several, seen from a folder."""
    return folder / path if isinstance(path, Path) else tuple(folder / each for each in path)


class SplitSection(Section):
    """How the rows become training, calibration and test rows.

    `column` is the time, whose latest rows are the test rows, or the group, whose rows stay
    together; it is no feature.
    """

    test_size: float = Field(default=0.2, gt=0, lt=0.9)
    calibration_size: float = Field(default=0, ge=0, lt=0.9)
    by: Literal["random", "time", "group"] = "random"
    column: str | None = None

    @model_validator(mode="after")
    def _check_column(self) -> Self:
        if self.by == "random" and self.column is not None:
            raise ValueError('column needs by = "time" or by = "group"')
        if self.by != "random" and self.column is None:
            raise ValueError(f'by = "{self.by}" needs column, the name of the {self.by}\'s column')
        return self


class TargetSection(Section):
    """The positive label of two, and from which probability on it is the answer.

    A threshold is a number, or the metric that it maximises on the calibration rows.
    """

    positive: str | None = None
    threshold: Annotated[float, Field(gt=0, lt=1)] | ThresholdMetric | None = None

    @field_validator("positive", mode="before")
    @classmethod
    def _name_label(cls, label: object) -> object:
        return label_of(label) if isinstance(label, int | float) else label

    @model_validator(mode="after")
    def _check_positive(self) -> Self:
        if self.threshold is not None and self.positive is None:
            raise ValueError("threshold needs positive, one of the two labels")
        return self


class OutputSection(Section):
    """The bounds of a regressor's answers, and the coverage of the interval around them.

    An answer out of bounds is a failure of the model.
    """

    minimum: float | None = None
    maximum: float | None = None
    coverage: float = Field(default=0.9, gt=0, lt=1)


class Gate(Section):
    """The lower and upper bounds of the metrics.

    With `beats_baseline`, a model must be better than a small decision tree beyond chance.
    """

    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}
    beats_baseline: bool = False


class Parity(Section):
    """The largest difference allowed between native and ONNX outputs.

    It is absolute for probabilities, and relative to the largest output for values.
    """

    tolerance: float = Field(default=1e-5, gt=0)


class Limits(Section):
    """The limits of the artifact's size and of the time for one row."""

    size_bytes: int = Field(gt=0)
    prediction_ms: float = Field(gt=0)


class Reference(Section):
    """The bins of the reference's histograms, and the number of golden cases.

    `background_rows` of the training data are stored for explanations; 0 stores none.
    """

    bins: int = Field(ge=2, le=100)
    golden_cases: int = Field(ge=1, le=1_000)
    background_rows: int = Field(default=12, ge=0, le=100)


class Card(Section):
    """The texts of the model card.

    `describes` is the target and the file that they were written for, as "species in iris.csv".
    """

    intended_use: str
    limitations: str
    describes: str | None = None
