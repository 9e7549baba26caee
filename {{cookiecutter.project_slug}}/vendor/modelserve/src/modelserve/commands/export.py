"""Commands that write the model for use without the service."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import ModelOption, project_of

app = typer.Typer()


@app.command()
def export_web(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="A new folder, or one of an earlier export, which is replaced.")
    ],
    model: ModelOption = Path("model"),
    runtime: Annotated[
        Path | None,
        typer.Option(help="Folder with the archives of `npm pack`, where npm has no network."),
    ] = None,
) -> None:
    """Write a web page that answers in the browser, without the service."""
    from .. import display
    from ..export.web import export_web as write_page

    size = write_page(project_of(context).make_service(model), folder, runtime=runtime)
    display.say(
        f"{folder} holds the page, the model and ONNX Runtime: {size / 1e6:.1f} MB. "
        "Any static server shows it:"
    )
    display.say(f"  python -m http.server 8000 --bind 127.0.0.1 --directory {folder}")
    display.say(
        "golden.json holds some rows of the data, by which the page checks itself; delete it "
        "before you publish the folder if they are not public.",
        aside=True,
    )


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write, such as model.ort.")],
    format_: Annotated[
        Literal["ort"],
        typer.Option("--format", help="ort: ONNX Runtime's, for phones and devices."),
    ] = "ort",
    model: ModelOption = Path("model"),
) -> None:
    """Write the model's graph in another format."""
    from .. import display
    from ..export.ort_format import export_ort

    del format_  # the only one, so far
    count = export_ort(project_of(context).make_service(model), file)
    checked = f", and answers the {count} golden cases as in training" if count else ""
    display.say(f"{file} has {file.stat().st_size:,} bytes{checked}")
