"""Commands that print what an artifact holds."""

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
def info(
    model: ModelOption = Path("model"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest, as JSON.")] = False,
    bill: Annotated[
        bool, typer.Option("--bom", help="Print its bill of materials, in CycloneDX.")
    ] = False,
) -> None:
    """Verify an artifact and print what it holds."""
    from .. import display
    from ..settings import Settings
    from ..supply_chain.bill import make_bill, to_text
    from ..supply_chain.chain import list_links

    held = artifact.load(model)
    manifest = held.manifest
    if as_json and bill:
        raise typer.BadParameter("choose one of --json and --bom")
    if as_json:
        sys.stdout.write(manifest.model_dump_json(indent=2) + "\n")
        return
    if bill:
        sys.stdout.write(to_text(make_bill(held)))
        return
    display.show(
        f"{manifest.name} {manifest.version}",
        [
            ("task", manifest.task),
            ("created", f"{manifest.created:%Y-%m-%d %H:%M} UTC"),
            *((each.name, f"{each.dtype}: {each.seen}") for each in manifest.features),
            *([("labels", ", ".join(manifest.labels))] if manifest.labels else []),
            *manifest.provenance.items(),
            *((name, f"{value:.4f}") for name, value in manifest.metrics.items()),
            ("size", f"{manifest.size_bytes:,} bytes"),
        ],
    )
    display.show("from the data to what is served", list_links(held, Settings.read_public_key()))


@app.command()
def example(
    context: typer.Context,
    model: ModelOption = Path("model"),
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the row as CSV, without its names.")
    ] = False,
) -> None:
    """Print a request's body with one row: the middle value of each training column."""
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
