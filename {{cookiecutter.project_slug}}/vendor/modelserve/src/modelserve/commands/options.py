"""Options that several commands share, the project, and a message for missing libraries."""

# mlflow takes seconds to import: only a model in its registry needs it. Help needs no settings.
# pylint: disable=import-outside-toplevel

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

from .. import environment
from ..errors import ConfigurationError, TrainingError
from ..project import Project

LONGEST = 100  # characters of a name in a message


class VariableNames(list[str]):
    """Names of environment variables for one option, of which the first one that is set counts."""

    def __str__(self) -> str:
        """Return the names as an error shows them."""
        return ", ".join(self)


def find_model(context: typer.Context, parameter: typer.CallbackParam, model: Path) -> Path:
    """Return the artifact's folder; a model in MLflow's registry is downloaded, once.

    The option decides before the environment. MODEL_URI is unset, so that all workers serve what
    this process found.

    Raises:
        ConfigurationError: MODEL_DIR and MODEL_URI are both set, MLflow cannot be asked, or the
            name of a model in its registry is not spelled as one.
        ArtifactError: the model cannot be had.
    """
    if context.resilient_parsing:  # to complete a word in a shell
        return model
    uri = environment.read("MODEL_URI")
    source = context.get_parameter_source(str(parameter.name))
    named = source.name if source else ""
    if uri and named == "ENVIRONMENT":
        raise ConfigurationError("MODEL_DIR and MODEL_URI name two models; unset one of them.")
    for variable in ("MODEL_URI", environment.RESOLVED_URI):
        os.environ.pop(variable, None)
    name = model.as_posix()
    if name.startswith(("models:/", "runs:/")):
        uri = name
    elif name.startswith(("models:", "runs:")) and not model.exists():
        setting = "MODEL_DIR" if named == "ENVIRONMENT" else "--model"
        raise ConfigurationError(
            f"{setting} {name[:LONGEST]} is neither a folder nor a model in MLflow's registry: "
            "write models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN/PATH."
        )
    elif named == "COMMANDLINE":
        uri = ""
    if not uri:
        return model
    from ..tracking.model_uri import resolve

    folder = resolve(uri)
    os.environ[environment.RESOLVED_URI] = uri
    return folder


def check_setting(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """Return the value of an option that is a setting, too, if it may have it.

    One of the environment is left to `Settings`, which names all that are wrong at once.

    Raises:
        BadParameter: the value of the command line is out of range.
    """
    from pydantic import ValidationError

    from ..settings import Settings

    source = context.get_parameter_source(str(parameter.name))
    if source and source.name == "COMMANDLINE":
        try:
            Settings.model_validate({str(parameter.name): value})
        except ValidationError as error:
            raise typer.BadParameter(error.errors()[0]["msg"]) from error
    return value


ModelOption = Annotated[
    Path,
    typer.Option(
        "--model",
        envvar="MODEL_DIR",
        callback=find_model,
        help="Folder of the artifact, the trained model; or models:/NAME@ALIAS in MLflow.",
    ),
]
TRAINING_TOML = Path("config/training.toml")
_given_config = ContextVar("given_config", default=TRAINING_TOML)


def note_config(config: Path) -> Path:
    """Return the path of the training configuration, which errors then name."""
    _given_config.set(config)
    return config


def name_config(text: str) -> str:
    """Return a message with the path that was given, where it names the default one."""
    given = _given_config.get().as_posix()
    return re.sub(r"(?<![\w/.-])config/training\.toml", lambda _: given, text)


ConfigOption = Annotated[
    Path,
    typer.Option("--config", callback=note_config, help="The training configuration, a TOML file."),
]
MonitoringOption = Annotated[
    Path,
    typer.Option(
        "--config", envvar="MONITORING_CONFIG", help="The monitoring configuration, a TOML file."
    ),
]
# A platform sets the number of each task of a job; Cloud Run sets their count, too.
ShardIndexOption = Annotated[
    int,
    typer.Option(
        envvar=VariableNames(
            ["CLOUD_RUN_TASK_INDEX", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"]
        ),
        min=0,
        help="Number of this shard, from 0.",
    ),
]
ShardCountOption = Annotated[
    int, typer.Option(envvar="CLOUD_RUN_TASK_COUNT", min=1, help="Number of the shards.")
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
