"""What a training run is told: config/training.toml, checked before anything is done."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..errors import ConfigurationError
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
    project = path.parent.parent
    return config.model_copy(
        update={"data": config.data.at(project), "model": config.model.at(project)}
    )
