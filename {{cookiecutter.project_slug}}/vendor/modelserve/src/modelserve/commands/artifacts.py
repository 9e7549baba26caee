"""Commands that promote an artifact and print its content."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json

from .. import artifact
from .options import ModelOption, project_of

app = typer.Typer()


@app.command()
def promote(
    candidate: Annotated[Path, typer.Argument(help="Folder of the new artifact.")],
    to: Annotated[Path, typer.Option(help="Folder of the served artifact.")] = Path("model"),
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="By how much a metric may be worse than the served artifact's."),
    ] = 0.0,
) -> None:
    """Replace the served artifact with a new one, unless it is worse."""
    from .. import display
    from ..promotion import promote as run_promotion

    promoted, previous = run_promotion(candidate, to, tolerance=tolerance)
    display.say(f"{to} now holds {promoted.manifest.version}")
    if previous:
        display.say(
            f"{previous} holds the previous one; `promote {previous} --tolerance inf` restores it"
        )


@app.command()
def info(
    model: ModelOption = Path("model"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest, as JSON.")] = False,
) -> None:
    """Verify an artifact and print what it holds."""
    from .. import display

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
            *((each.name, f"{each.dtype}: {each.seen}") for each in manifest.features),
            *([("labels", ", ".join(manifest.labels))] if manifest.labels else []),
            *manifest.provenance.items(),
            *((name, f"{value:.4f}") for name, value in manifest.metrics.items()),
            ("size", f"{manifest.size_bytes:,} bytes"),
        ],
    )


@app.command()
def example(
    context: typer.Context,
    model: ModelOption = Path("model"),
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the row as CSV, without its names.")
    ] = False,
) -> None:
    """Print a request's body with one row from the middle of the training data."""
    row = project_of(context).make_service(model).codec.inputs.example()
    if as_csv:
        spelled = [str(each).lower() if isinstance(each, bool) else each for each in row.values()]
        csv.writer(sys.stdout, lineterminator="\n").writerow(spelled)
        return
    sys.stdout.write(to_json({"instances": [row]}).decode() + "\n")


@app.command()
def golden(model: ModelOption = Path("model")) -> None:
    """Print the golden cases as a request's body."""
    cases = artifact.load(model).read_json(artifact.GOLDEN)
    body = to_json({"instances": [case["input"] for case in cases]})
    sys.stdout.write(body.decode() + "\n")
