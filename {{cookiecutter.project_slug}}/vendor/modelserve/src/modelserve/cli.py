"""A project's command line."""

import sys

import typer

from .commands import (
    artifacts,
    batch,
    collect,
    data,
    export,
    monitoring,
    options,
    promotion,
    reproduce,
    runs,
    serving,
    signing,
    training,
)
from .errors import InvalidInputError, ServiceError, TrainingError
from .project import Project

app = typer.Typer(
    help="Train a model, serve it, and monitor it. Each command has a --help of its own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for group in (
    training,
    data,
    serving,
    batch,
    artifacts,
    export,
    signing,
    reproduce,
    promotion,
    runs,
    monitoring,
    collect,
):
    app.add_typer(group.app)

# What help shows of a command in use.
EXAMPLES = {
    "train": "train --output candidate",
    "import-onnx": "import-onnx yours.onnx --labels no,yes",
    "evaluate": "evaluate data/newer.csv --output evaluation.json",
    "inspect-data": "inspect-data data/yours.csv --target price",
    "runs": "runs 3f2a91bc 07d4e6aa",
    "serve": "serve --host 0.0.0.0 --port 9000",
    "predict": "example | PROJECT predict -",
    "batch": "batch rows.csv answers.csv",
    "smoke": "smoke http://127.0.0.1:8080/predict --latency-ms 50",
    "key": "key shop",
    "promote": "promote candidate --holdout data/newer.csv --tolerance 0.01",
    "promotions": "promotions --verify",
    "info": "info --json",
    "export": "export model.ort --format ort",
    "export-web": "export-web web",
    "sign": "sign --key KEY.pem",
    "verify": "verify --key PUBLIC.pem",
    "reproduce": "reproduce --in-clean-checkout",
    "example": "example > request.json",
    "golden": "golden > requests.json",
    "monitor": "monitor captures --ground-truth truths --since 2026-01-31",
    "thresholds": "thresholds --check",
    "collect": "collect captures --ground-truth truths --output data/new.parquet",
}


def name_of(command: typer.models.CommandInfo) -> str:
    """Return the name of a command on the command line."""
    return command.name or str(getattr(command.callback, "__name__", "")).replace("_", "-")


def show_examples(project_name: str) -> None:
    """Put an example of its use below the help of each command."""
    for each in app.registered_groups:
        for command in each.typer_instance.registered_commands if each.typer_instance else ():
            if example := EXAMPLES.get(name_of(command)):
                words = f"{project_name} {example}".replace("PROJECT", project_name)
                command.epilog = f"Example: {words}"


def main(project: Project) -> None:
    """Run a command of a project; an error becomes one line on stderr with its way out."""
    show_examples(project.name)
    options.note_config(options.TRAINING_TOML)
    try:
        app(obj=project, prog_name=project.name)
    except ServiceError as error:
        sys.stderr.write(options.name_config(f"error: {error}\n"))
        if isinstance(error, InvalidInputError):
            fields = (f"  {field.line}\n" for field in error.errors)
            sys.stderr.writelines(map(options.name_config, fields))
        sys.exit(1 if isinstance(error, TrainingError) else 2)
