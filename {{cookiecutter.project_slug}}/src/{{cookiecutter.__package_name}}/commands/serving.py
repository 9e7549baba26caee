"""Commands that answer: over HTTP, on the command line, for a file."""

# A command imports what it needs: `serve` must not wait for, nor even have, what `train` needs.
# pylint: disable=import-outside-toplevel

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import artifact
from ..errors import MalformedError
from .options import ModelOption

app = typer.Typer()


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
    from ..serving.server import run

    run(host=host, port=port, workers=workers)


@app.command()
def predict(
    source: Annotated[
        typer.FileBinaryRead, typer.Argument(help='A file with {"instances": […]}; - reads stdin.')
    ],
    model: ModelOption = Path("model"),
) -> None:
    """Answer one request without a service."""
    from ..batch import Batch

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
    from .. import display
    from ..batch import Batch, Shard

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
def key(name: Annotated[str, typer.Argument(help="The consumer, as logs will name it.")]) -> None:
    """Make an API key: the key for the consumer, its hash for API_KEYS_FILE."""
    from .. import display
    from ..serving.access import make_key

    made, line = make_key(name)
    display.say("Give this to the consumer; it is shown only now:", aside=True)
    sys.stdout.write(made + "\n")
    display.say("Add this line to the file that API_KEYS_FILE names:", aside=True)
    sys.stdout.write(line + "\n")
