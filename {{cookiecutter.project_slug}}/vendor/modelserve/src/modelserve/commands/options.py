"""What several commands share: their options, the project, and missing libraries."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..errors import TrainingError
from ..project import Project

ModelOption = Annotated[
    Path, typer.Option("--model", envvar="MODEL_DIR", help="The artifact's folder.")
]
ConfigOption = Annotated[Path, typer.Option("--config", help="The training configuration.")]
MonitoringOption = Annotated[
    Path,
    typer.Option("--config", envvar="MONITORING_CONFIG", help="The monitoring configuration."),
]


def project_of(context: typer.Context, config: Path | None = None) -> Project:
    """Return the project whose command runs, in the folder to which a configuration belongs."""
    project = context.find_object(Project)
    assert project is not None, "the command line was started without a project"
    return project.at(config.resolve().parent.parent) if config else project


@contextmanager
def libraries() -> Iterator[None]:
    """Say what to install when the training libraries are not here."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"{error.name} is not installed; this command needs requirements/training.txt."
        ) from error
