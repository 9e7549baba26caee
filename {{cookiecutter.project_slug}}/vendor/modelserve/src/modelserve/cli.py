"""A project's command line."""

import sys

import typer

from .commands import artifacts, monitoring, serving, training
from .errors import InvalidInputError, ServiceError, TrainingError
from .project import Project

app = typer.Typer(
    help="Train a model, serve it, and monitor it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (training, serving, artifacts, monitoring):
    app.add_typer(group.app)


def main(project: Project) -> None:
    """Run a command of a project; an error becomes one line on stderr with its way out."""
    try:
        app(obj=project, prog_name=project.name)
    except ServiceError as error:
        sys.stderr.write(f"error: {error}\n")
        if isinstance(error, InvalidInputError):
            sys.stderr.writelines(f"  {field.pointer}: {field.detail}\n" for field in error.errors)
        sys.exit(1 if isinstance(error, TrainingError) else 2)
