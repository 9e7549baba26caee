"""Read and validate config/training.toml."""

from pathlib import Path
from typing import Self

from pydantic import Field, create_model, model_validator

from ..toml_file import read
from .sections import (
    Card,
    DataSection,
    Gate,
    Limits,
    Options,
    OutputSection,
    Parity,
    Reference,
    Section,
)
from .tasks import Name


class Config(Section):
    """The whole file; `model` holds the options of the project's model."""

    seed: int = Field(ge=0)
    description: str
    task: Name
    data: DataSection
    model: Options = Options()
    output: OutputSection = OutputSection()
    gate: Gate
    parity: Parity
    limits: Limits
    reference: Reference
    card: Card

    @model_validator(mode="after")
    def _check_output(self) -> Self:
        if self.task == "classifier" and self.output.model_fields_set:
            raise ValueError("[output] is for a regressor; a classifier has no bounds")
        return self


def load_config(path: Path, options: type[Options] = Options) -> Config:
    """Read the configuration; relative paths start at the project's folder.

    Args:
        path: of the file; the project's folder is the one above its own.
        options: the keys that `[model]` may have, and their types.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or violates the schema; the message
            names every invalid field.
    """
    schema = create_model("TrainingConfig", __base__=Config, model=(options, options()))
    config = read(path, schema)
    project = path.parent.parent
    return config.model_copy(
        update={"data": config.data.at(project), "model": config.model.at(project)}
    )
