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


class DataSection(Section):
    """Where the table lies, which column is predicted, and how much is held back."""

    path: Path
    target: str
    test_share: float = Field(gt=0, lt=0.9)
    calibration_share: float = Field(default=0, ge=0, lt=0.9)

    def at(self, folder: Path) -> Self:
        """Return the table with its relative path started at the project's folder."""
        return self.model_copy(update={"path": folder / self.path})


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
