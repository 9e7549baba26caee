"""What a training run is told: config/training.toml, checked before anything is done."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import ConfigurationError


class Section(BaseModel):
    """A frozen table of the file that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSection(Section):
    """Where the table lies, which column is predicted, and how much is held back."""

    path: Path
    target: str
    test_share: float = Field(gt=0, lt=0.9)


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


class Config(Section):
    """The whole file."""

    seed: int = Field(ge=0)
    description: str
    data: DataSection
    gate: Gate
    parity: Parity
    limits: Limits
    reference: Reference


def load_config(path: Path) -> Config:
    """Read the configuration; a relative data path starts at the project's folder.

    Raises:
        ConfigurationError: the file is missing, is no TOML, or disagrees with the schema; the
            message names every field that is wrong.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        config = Config.model_validate(content)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_url=False)
        ]
        raise ConfigurationError(f"{path}: {'; '.join(wrong)}.") from error
    data = config.data.model_copy(update={"path": path.parent.parent / config.data.path})
    return config.model_copy(update={"data": data})
