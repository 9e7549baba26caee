"""What a training run is told: config/training.toml, checked before anything is done."""

from pathlib import Path

from pydantic import Field

from ..toml_file import read
from .evaluate import Output
from .model import Options
from .sections import Card, DataSection, Gate, Limits, Parity, Reference, Section


class Config(Section):
    """The whole file; `model` and `output` are what this kind of model and task add to it."""

    seed: int = Field(ge=0)
    description: str
    data: DataSection
    model: Options = Options()
    output: Output = Output()
    gate: Gate
    parity: Parity
    limits: Limits
    reference: Reference
    card: Card


def load_config(path: Path) -> Config:
    """Read the configuration; relative paths start at the project's folder.

    Raises:
        ConfigurationError: the file is missing, is no TOML, or disagrees with the schema; the
            message names every field that is wrong.
    """
    config = read(path, Config)
    project = path.parent.parent
    return config.model_copy(
        update={"data": config.data.at(project), "model": config.model.at(project)}
    )
