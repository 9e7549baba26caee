"""The project's command line: one console script."""

import sys

import typer

from .commands import artifacts, monitoring, serving, training
from .commands.options import NAME
from .errors import InvalidInputError, ServiceError, TrainingError

app = typer.Typer(
    name=NAME,
    help="Train a model, serve it, and look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for each in (training, serving, artifacts, monitoring):
    app.add_typer(each.app)


def main() -> None:
    """Run a command; an error becomes one line on stderr with its way out."""
    try:
        app()
    except ServiceError as error:
        sys.stderr.write(f"error: {error}\n")
        if isinstance(error, InvalidInputError):
            sys.stderr.writelines(f"  {each.where}: {each.problem}\n" for each in error.complaints)
        sys.exit(1 if isinstance(error, TrainingError) else 2)
