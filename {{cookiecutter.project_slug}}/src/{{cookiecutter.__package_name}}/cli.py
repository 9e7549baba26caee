"""The project's command line: one console script, each command a thin door to its module."""

# A command imports what it needs: `serve` must not wait for, nor even have, what `train` needs.
# pylint: disable=import-outside-toplevel

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json

from . import artifact
from .errors import InvalidInputError, MalformedError, ServiceError, TrainingError

NAME = __name__.partition(".")[0].replace("_", "-")

app = typer.Typer(
    name=NAME,
    help="Train a model, serve it, and look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ModelOption = Annotated[
    Path, typer.Option("--model", envvar="MODEL_DIR", help="The artifact's folder.")
]
ConfigOption = Annotated[Path, typer.Option("--config", help="The training configuration.")]


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="Where the artifact goes.")] = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
) -> None:
    """Train on the data, judge the model, and write its artifact."""
    with training_set():
        from . import display
        from .training.config import load_config
        from .training.train import train as run_training
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
    with training_set():
        from . import display
        from .training import data, evaluate
        from .training.config import load_config
        from .training.imported import Importer
        from .training.train import train as run_training
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
    with training_set():
        from . import display
        from .training.config import load_config
        from .training.train import evaluate_artifact
    verdicts, metrics = evaluate_artifact(artifact.load(model), data, load_config(config))
    words = {each.metric: f"{each.bound}: {each.word}" for each in verdicts}
    display.show(
        f"{data.name}",
        [(name, f"{value:.4f}", words.get(name, "")) for name, value in metrics.items()],
        head=("metric", "value", "gate"),
    )
    if not all(each.passed for each in verdicts):
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar=["PORT", "AIP_HTTP_PORT"], min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(envvar="WORKERS", min=1, max=64)] = 1,
    model: ModelOption = Path("model"),
) -> None:
    """Serve the model over HTTP; every other setting is an environment variable."""
    os.environ |= {"MODEL_DIR": str(model), "HOST": host, "PORT": str(port)}
    # Asked to stop, the server answers what is under way; then the process ends as a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from .serving.server import run

    run(host=host, port=port, workers=workers)


@app.command()
def predict(
    source: Annotated[
        typer.FileBinaryRead, typer.Argument(help='A file with {"instances": […]}; - reads stdin.')
    ],
    model: ModelOption = Path("model"),
) -> None:
    """Answer one request without a service."""
    from .batch import Batch

    answer = Batch(artifact.load(model)).answer(source.read(), "local")
    sys.stdout.write(answer.decode() + "\n")


@app.command()
def batch(
    source: Annotated[Path, typer.Argument(help="A .csv file, or one JSON object a line.")],
    output: Annotated[Path, typer.Argument(help="One JSON object a row.")],
    model: ModelOption = Path("model"),
    shard_index: Annotated[
        int,
        typer.Option(
            envvar=["CLOUD_RUN_TASK_INDEX", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"],
            min=0,
        ),
    ] = 0,
    shard_count: Annotated[int, typer.Option(envvar="CLOUD_RUN_TASK_COUNT", min=1)] = 1,
) -> None:
    """Answer every row of a file; wrong rows go to OUTPUT.rejected with their reasons."""
    from . import display
    from .batch import Batch, Shard

    if shard_index >= shard_count:
        raise MalformedError(
            f"Shard {shard_index} of {shard_count} cannot be; the index starts at 0. "
            "Set --shard-count to the number of tasks."
        )
    tally = Batch(artifact.load(model)).run(source, output, shard=Shard(shard_index, shard_count))
    display.say(f"rows answered: {tally.answered}, in {output}")
    if tally.rejected:
        raise MalformedError(f"rows that were wrong: {tally.rejected}; {output}.rejected says why.")


@app.command()
def promote(
    candidate: Annotated[Path, typer.Argument(help="The new artifact's folder.")],
    to: Annotated[Path, typer.Option(help="The served artifact's folder.")] = Path("model"),
    slack: Annotated[
        float, typer.Option(min=0, help="How much worse a metric may be than the served one's.")
    ] = 0.0,
) -> None:
    """Put a new artifact in the place of the served one, unless it is worse."""
    from . import display
    from .promotion import promote as run_promotion

    promoted, former = run_promotion(candidate, to, slack=slack)
    display.say(f"{promoted.manifest.version} lies in {to}")
    if former:
        display.say(f"the former one lies in {former}; `promote {former} --slack inf` goes back")


@app.command()
def info(
    model: ModelOption = Path("model"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Tell what an artifact holds, after verifying it."""
    from . import display

    manifest = artifact.load(model).manifest
    if as_json:
        sys.stdout.write(manifest.model_dump_json(indent=2) + "\n")
        return
    display.show(
        f"{manifest.name} {manifest.version}",
        [
            ("task", manifest.task),
            ("created", f"{manifest.created:%Y-%m-%d %H:%M} UTC"),
            ("commit", manifest.git_commit or "unknown"),
            *((each.name, f"{each.kind}: {each.seen}") for each in manifest.features),
            *([("labels", ", ".join(manifest.labels))] if manifest.labels else []),
            *manifest.provenance.items(),
            *((name, f"{value:.4f}") for name, value in manifest.metrics.items()),
            ("size", f"{manifest.size_bytes:,} bytes"),
        ],
    )


@app.command()
def golden(model: ModelOption = Path("model")) -> None:
    """Print the golden cases as a request's body."""
    cases = artifact.load(model).read_json(artifact.GOLDEN)
    body = to_json({"instances": [case["input"] for case in cases]})
    sys.stdout.write(body.decode() + "\n")


@app.command()
def key(name: Annotated[str, typer.Argument(help="The consumer, as logs will name it.")]) -> None:
    """Make an API key: the key for the consumer, its hash for API_KEYS_FILE."""
    from . import display
    from .serving.access import make_key

    made, line = make_key(name)
    display.say("Give this to the consumer; it is shown only now:", aside=True)
    sys.stdout.write(made + "\n")
    display.say("Add this line to the file that API_KEYS_FILE names:", aside=True)
    sys.stdout.write(line + "\n")


@contextmanager
def training_set() -> Iterator[None]:
    """Say what to install when the training libraries are not here."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"{error.name} is not installed; training needs requirements/training.txt."
        ) from error


def main() -> None:
    """Run a command; an error becomes one line on stderr with its way out."""
    try:
        app()
    except ServiceError as error:
        sys.stderr.write(f"error: {error}\n")
        if isinstance(error, InvalidInputError):
            sys.stderr.writelines(f"  {each.where}: {each.problem}\n" for each in error.complaints)
        sys.exit(1 if isinstance(error, TrainingError) else 2)
