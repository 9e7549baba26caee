"""What several commands share: their options, and how they ask for libraries."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..errors import TrainingError

NAME = __name__.partition(".")[0].replace("_", "-")

ModelOption = Annotated[
    Path, typer.Option("--model", envvar="MODEL_DIR", help="The artifact's folder.")
]
ConfigOption = Annotated[Path, typer.Option("--config", help="The training configuration.")]
MonitoringOption = Annotated[
    Path,
    typer.Option("--config", envvar="MONITORING_CONFIG", help="The monitoring configuration."),
]


@contextmanager
def libraries() -> Iterator[None]:
    """Say what to install when the training libraries are not here."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"{error.name} is not installed; this command needs requirements/training.txt."
        ) from error
