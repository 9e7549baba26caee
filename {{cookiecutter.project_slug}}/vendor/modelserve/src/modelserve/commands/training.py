"""Commands that train, import and evaluate a model."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import artifact
from ..tracking.recorder import RunRecorder, record_run
from .options import ConfigOption, ModelOption, libraries, project_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..project import Project
    from ..training.config import Config
    from ..training.reporter import Reporter

app = typer.Typer()


@app.command()
def train(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The artifact's folder.")] = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Train on the data, evaluate the model, and write its artifact."""
    with libraries():
        from .. import display
        from ..training.train import train as run_training

        project, settings = load_training(context, config)
    with record_run(project, settings, output, command="train", warn=display.warn) as recorder:
        run = run_training(
            project,
            settings,
            output,
            reporter=make_reporter(recorder),
        )
        recorder.finish(run.artifact)
    display.show_run(run, recorder.id)


@app.command("import-onnx")
def import_onnx(
    context: typer.Context,
    graph: Annotated[Path, typer.Argument(help="The ONNX file.")],
    labels: Annotated[
        str | None,
        typer.Option(help="In the order of the graph's outputs, separated by commas."),
    ] = None,
    softmax: Annotated[
        bool, typer.Option("--softmax", help="Convert the graph's scores to probabilities.")
    ] = False,
    output_name: Annotated[
        str | None,
        typer.Option(help="The graph's output with the answers, if several fit the labels."),
    ] = None,
    output: Annotated[Path, typer.Option(help="The artifact's folder.")] = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Evaluate an ONNX graph from another tool, and write its artifact."""
    with libraries():
        from .. import display
        from ..training.imported import make_importer
        from ..training.splits import load_dataset
        from ..training.tasks import load_task
        from ..training.train import train as run_training

        project, settings = load_training(context, config)
    dataset, _ = load_dataset(project, settings)
    known = load_task(settings.task).labels_of(dataset.target.tolist())
    if labels is None:
        labels = ", ".join(known)
        if labels:
            labels = typer.prompt("The labels, in the order of the graph's outputs", default=labels)
    names = labels_in(labels, known) if labels else ()
    importer = make_importer(dataset, graph, names, softmax=softmax, output_name=output_name)
    with record_run(
        project, settings, output, command="import-onnx", warn=display.warn
    ) as recorder:
        run = run_training(
            project,
            settings,
            output,
            reporter=make_reporter(recorder),
            trainer=importer,
        )
        recorder.finish(run.artifact)
    display.show_run(run, recorder.id)


@app.command()
def evaluate(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="A file with the features and the target.")],
    model: ModelOption = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
    output: Annotated[
        Path | None,
        typer.Option(help="Write slices, calibration and more, as in the model's evaluation.json."),
    ] = None,
) -> None:
    """Evaluate an artifact on other data than it was trained on."""
    with libraries():
        from .. import display
        from ..training.evaluate import evaluate_artifact

        project, settings = load_training(context, config)
    evaluated = artifact.load(model)
    results, measured = evaluate_artifact(
        project, evaluated, data, settings, output=output, warn=display.warn
    )
    display.show_metrics(data.name, measured.metrics, results, measured.intervals)
    if not all(each.passed for each in results):
        raise typer.Exit(1)


def labels_in(text: str, known: "Sequence[str]") -> tuple[str, ...]:
    """Return the labels of a list; a space after a comma is part of one only if the data say so."""
    from ..answers import find_label

    parts = (each if each in known else each.removeprefix(" ") for each in text.split(","))
    return tuple(find_label(each, known) for each in parts)


def make_reporter(recorder: RunRecorder) -> "Reporter":
    """Return the functions that show a training run on the command line, and record it."""
    from .. import display
    from ..training.reporter import Reporter

    return Reporter(
        step=display.step,
        warn=display.warn,
        show_metrics=partial(display.show_metrics, "rejected model"),
        show_difference=show_difference,
        evaluated=recorder.note_evaluation,
        track=display.track,
        show_search=display.show_search,
    )


def show_difference(sentences: "Sequence[str]") -> None:
    """Print what differs from the last model, if anything does."""
    from .. import display

    if sentences:
        display.say("Compared with the last model in this folder:")
    for text in sentences:
        display.say(f"  {text}")


def load_training(context: typer.Context, config: Path) -> "tuple[Project, Config]":
    """Return the project and its training configuration.

    Raises:
        ConfigurationError: the configuration is invalid.
    """
    from ..training.config import load_config

    project = project_of(context, config)
    return project, load_config(config, project.options)
