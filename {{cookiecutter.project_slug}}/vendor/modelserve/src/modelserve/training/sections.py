"""The tables of config/training.toml."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


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
    """The data's path, the target's column, and the sizes of the splits."""

    path: Path
    target: str
    test_size: float = Field(gt=0, lt=0.9)
    calibration_size: float = Field(default=0, ge=0, lt=0.9)

    def at(self, folder: Path) -> Self:
        """Return the table with its path resolved from the project's folder."""
        return self.model_copy(update={"path": folder / self.path})


class OutputSection(Section):
    """The bounds of a regressor's answers, and the coverage of the interval around them.

    An answer out of bounds is a failure of the model.
    """

    minimum: float | None = None
    maximum: float | None = None
    coverage: float = Field(default=0.9, gt=0, lt=1)


class Gate(Section):
    """The lower and upper bounds of the metrics."""

    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}


class Parity(Section):
    """The largest absolute difference allowed between native and ONNX outputs."""

    tolerance: float = Field(gt=0)


class Limits(Section):
    """The limits of the artifact's size and of the time for one row."""

    size_bytes: int = Field(gt=0)
    prediction_ms: float = Field(gt=0)


class Reference(Section):
    """The bins of the reference's histograms, and the number of golden cases."""

    bins: int = Field(ge=2, le=100)
    golden_cases: int = Field(ge=1, le=1_000)


class Card(Section):
    """The texts of the model card."""

    intended_use: str
    limitations: str
