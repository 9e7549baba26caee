"""Commands that train, import and evaluate a model."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import artifact
from .options import ConfigOption, ModelOption, libraries, project_of

if TYPE_CHECKING:
    from ..project import Project
    from ..training.config import Config

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
    run = run_training(project, settings, output, step=display.step)
    display.show_run(run)


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
    output: Annotated[Path, typer.Option(help="The artifact's folder.")] = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Evaluate an ONNX graph from another tool, and write its artifact."""
    with libraries():
        from .. import display
        from ..training.imported import make_importer
        from ..training.tasks import load_task
        from ..training.train import train as run_training

        project, settings = load_training(context, config)
    dataset = project.load(settings.data)
    if labels is None:
        labels = ", ".join(load_task(settings.task).labels_of(dataset.target.tolist()))
        if labels:
            labels = typer.prompt("The labels, in the order of the graph's outputs", default=labels)
    names = tuple(name.strip() for name in labels.split(",")) if labels else ()
    importer = make_importer(dataset, graph, names, softmax=softmax)
    run = run_training(project, settings, output, step=display.step, trainer=importer)
    display.show_run(run)


@app.command()
def evaluate(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="A file with the features and the target.")],
    model: ModelOption = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Evaluate an artifact on other data than it was trained on."""
    with libraries():
        from .. import display
        from ..training.train import evaluate_artifact

        project, settings = load_training(context, config)
    results, metrics = evaluate_artifact(project, artifact.load(model), data, settings)
    bounds = {each.metric: f"{each.bound}: {each.word}" for each in results}
    display.show(
        f"{data.name}",
        [(name, f"{value:.4f}", bounds.get(name, "")) for name, value in metrics.items()],
        head=("metric", "value", "gate"),
    )
    if not all(each.passed for each in results):
        raise typer.Exit(1)


def load_training(context: typer.Context, config: Path) -> "tuple[Project, Config]":
    """Return the project and its training configuration.

    Raises:
        ConfigurationError: the configuration is invalid.
    """
    from ..training.config import load_config

    project = project_of(context, config)
    return project, load_config(config, project.options)
