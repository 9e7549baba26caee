"""Commands that predict over HTTP or for one request; a smoke test, and API keys."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import artifact, environment
from .options import ModelOption, VariableNames, check_setting, project_of

app = typer.Typer()


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(envvar="HOST", help="Address to listen on; 0.0.0.0 for every one.")
    ] = "127.0.0.1",
    port: Annotated[
        str,
        typer.Option(
            envvar=VariableNames(["PORT", "AIP_HTTP_PORT"]),
            metavar="<int>",
            callback=check_setting,
            help="Port to listen on, up to 65535; 0 takes a free one.",
        ),
    ] = "8080",
    workers: Annotated[
        str,
        typer.Option(
            envvar="WORKERS",
            metavar="<int>",
            callback=check_setting,
            help="Processes that answer requests, 1 to 64.",
        ),
    ] = "1",
    model: ModelOption = Path("model"),
) -> None:
    """Serve the model over HTTP, with a page to try it; Ctrl+C stops the service.

    Other settings are environment variables: see vendor/modelserve/docs/operating.md.
    """
    os.environ |= {"MODEL_DIR": str(model), "HOST": host, environment.variable("port"): port}
    os.environ["WORKERS"] = workers  # which share the processors
    environment.drop_if_empty(environment.SHARED_METRICS)
    os.environ.pop("WEB_CONCURRENCY", None)  # uvicorn's name for WORKERS, which decides
    # On SIGTERM, the server answers running requests; then the process exits with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from ..serving.server import run

    run(project_of(context))


@app.command()
def predict(
    context: typer.Context,
    source: Annotated[
        typer.FileBinaryRead, typer.Argument(help='A file with {"instances": […]}; - reads stdin.')
    ],
    model: ModelOption = Path("model"),
) -> None:
    """Answer one request, a file with JSON, without a service."""
    from ..batch import BatchPredictor

    answer = BatchPredictor(project_of(context).make_service(model)).answer(source.read(), "local")
    sys.stdout.write(answer.decode() + "\n")


@app.command()
def smoke(
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(help="The URL for predictions, such as http://127.0.0.1:8080/predict.")
    ],
    model: ModelOption = Path("model"),
    latency_ms: Annotated[
        float, typer.Option(min=0, help="Limit for 95 of 100 answers, in milliseconds.")
    ] = 500.0,
    requests: Annotated[
        int, typer.Option(min=1, help="Requests to send, one row each; at least the golden cases.")
    ] = 50,
    wait_s: Annotated[
        float, typer.Option(min=0, help="How long to wait for the service to start, in seconds.")
    ] = 30.0,
) -> None:
    """Send a service the golden cases; exit with 1 if an answer is wrong or late.

    SERVICE_TOKEN is sent as a bearer token, SERVICE_KEY as an API key.
    """
    from .. import display
    from ..smoke import ServiceClient, check, predict_with_hooks

    served = artifact.load(model)
    # From the environment: every process of the machine can read a command line.
    credentials = {name: environment.read(f"SERVICE_{name.upper()}") for name in ("token", "key")}
    faults = check(
        ServiceClient(url, **credentials),
        served,
        requests=requests,
        latency_ms=latency_ms,
        wait_s=wait_s,
        predictions=predict_with_hooks(project_of(context), model),
    )
    for fault in faults:
        display.say(fault)
    if faults:
        raise typer.Exit(1)
    display.say(f"{url} answers as {served.manifest.name} {served.manifest.version} does")


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="The consumer's name, as it appears in the logs.")],
) -> None:
    """Create an API key for a consumer, and its hash for API_KEYS_FILE."""
    from .. import display
    from ..serving.access import make_key

    secret, line = make_key(name)
    display.say("Give this key to the consumer; it is shown only once:", aside=True)
    sys.stdout.write(secret + "\n")
    display.say("Add this line to the file that API_KEYS_FILE names:", aside=True)
    sys.stdout.write(line + "\n")
