"""The tables of config/training.toml that every kind of model has."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen table of the file that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def at(self, folder: Path) -> Self:
        """Return the table with its relative paths started at the project's folder."""
        del folder
        return self


class Options(Section):
    """Hyper-parameters: subclass it in your model.py for the keys of `[model]`."""


class DataSection(Section):
    """Where the data lie, which column is the target, and how the rows are split."""

    path: Path
    target: str
    test_size: float = Field(gt=0, lt=0.9)
    calibration_size: float = Field(default=0, ge=0, lt=0.9)

    def at(self, folder: Path) -> Self:
        """Return the table with its relative path started at the project's folder."""
        return self.model_copy(update={"path": folder / self.path})


class OutputSection(Section):
    """The bounds of a regressor's answers, and the coverage of the interval around them.

    An answer outside of the bounds is a failure of the model.
    """

    minimum: float | None = None
    maximum: float | None = None
    coverage: float = Field(default=0.9, gt=0, lt=1)


class Gate(Section):
    """The floors and ceilings of the metrics."""

    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}


class Parity(Section):
    """The largest absolute difference between native and ONNX answers."""

    tolerance: float = Field(gt=0)


class Limits(Section):
    """What the artifact may weigh, and how long one row may take."""

    size_bytes: int = Field(gt=0)
    prediction_ms: float = Field(gt=0)


class Reference(Section):
    """How much of the training data's shape is kept."""

    bins: int = Field(ge=2, le=100)
    golden_cases: int = Field(ge=1, le=1_000)


class Card(Section):
    """What the model card says in words."""

    intended_use: str
    limitations: str
