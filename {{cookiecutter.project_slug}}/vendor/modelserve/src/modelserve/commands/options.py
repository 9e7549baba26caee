"""Options that several commands share, the project, and a message for missing libraries."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigurationError, TrainingError
from ..project import Project

ModelOption = Annotated[
    Path,
    typer.Option("--model", envvar="MODEL_DIR", help="Folder of the artifact, the trained model."),
]
ConfigOption = Annotated[
    Path, typer.Option("--config", help="The training configuration, a TOML file.")
]
MonitoringOption = Annotated[
    Path,
    typer.Option(
        "--config", envvar="MONITORING_CONFIG", help="The monitoring configuration, a TOML file."
    ),
]


def project_of(context: typer.Context, config: Path | None = None) -> Project:
    """Return the running command's project, in the folder of a configuration.

    Raises:
        ConfigurationError: the command line was started without a project.
    """
    project = context.find_object(Project)
    if project is None:
        raise ConfigurationError("No project was passed; start it by Project(package).main().")
    return project.at(config.resolve().parent.parent) if config else project


@contextmanager
def libraries() -> Iterator[None]:
    """Report what to install if a training library is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"{error.name} is not installed; this command needs requirements/training.txt."
        ) from error
