"""Commands that make a model and judge it."""

# A command imports what it needs: `serve` must not wait for, nor even have, what `train` needs.
# pylint: disable=import-outside-toplevel

from pathlib import Path
from typing import Annotated

import typer

from .. import artifact
from .options import NAME, ConfigOption, ModelOption, libraries

app = typer.Typer()


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="Where the artifact goes.")] = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Train on the data, judge the model, and write its artifact."""
    with libraries():
        from .. import display
        from ..training.config import load_config
        from ..training.train import train as run_training
    settings = load_config(config)
    project = config.resolve().parent.parent
    display.show_run(run_training(settings, output, project=project, name=NAME, step=display.step))


@app.command("import-onnx")
def import_onnx(
    graph: Annotated[Path, typer.Argument(help="The ONNX file.")],
    labels: Annotated[
        str | None,
        typer.Option(help="In the order of the graph's outputs, with commas between them."),
    ] = None,
    softmax: Annotated[
        bool, typer.Option("--softmax", help="The graph gives scores, not probabilities.")
    ] = False,
    output: Annotated[Path, typer.Option(help="Where the artifact goes.")] = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Judge an ONNX graph that was made elsewhere, and make an artifact of it."""
    with libraries():
        from .. import display
        from ..training import data, evaluate
        from ..training.config import load_config
        from ..training.imported import Importer
        from ..training.train import train as run_training
    settings = load_config(config)
    if labels is None:
        labels = ", ".join(evaluate.labels_of(data.load(settings.data).target.tolist()))
        if labels:
            labels = typer.prompt("The labels, in the order of the graph's outputs", default=labels)
    names = tuple(name.strip() for name in labels.split(",")) if labels else ()
    display.show_run(
        run_training(
            settings,
            output,
            project=config.resolve().parent.parent,
            name=NAME,
            step=display.step,
            make=Importer(graph, names, softmax=softmax),
        )
    )


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="A CSV file with the target's column.")],
    model: ModelOption = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Judge an artifact by other data than it was made with."""
    with libraries():
        from .. import display
        from ..training.config import load_config
        from ..training.train import evaluate_artifact
    verdicts, metrics = evaluate_artifact(artifact.load(model), data, load_config(config))
    words = {each.metric: f"{each.bound}: {each.word}" for each in verdicts}
    display.show(
        f"{data.name}",
        [(name, f"{value:.4f}", words.get(name, "")) for name, value in metrics.items()],
        head=("metric", "value", "gate"),
    )
    if not all(each.passed for each in verdicts):
        raise typer.Exit(1)
