"""The command that shows what data are taken for."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import ConfigOption, libraries
from .training import load_training

if TYPE_CHECKING:
    from ..training.table.inspection import Inspection

VALUES_WIDTH = 64  # of three values: each one fits
MAX_WIDTH = 10_000  # of a table, to measure it

app = typer.Typer()


@app.command("inspect-data")
def inspect_data(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Argument(help="A file, a folder or a pattern; by default the configuration's."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column to predict; by default the configuration's.")
    ] = None,
    config: ConfigOption = Path("config/training.toml"),
    write_schema: Annotated[
        bool,
        typer.Option("--write-schema", help="Declare the columns as they are, in schema.toml."),
    ] = False,
) -> None:
    """Show what each column is taken for, and why, and what training would refuse."""
    with libraries():
        from .. import display
        from ..training import data_schema
        from ..training.check_data import check_data
        from ..training.splits import load_dataset

        project, settings = load_training(context, config)
    section = settings.data
    if data:
        section = section.model_copy(update={"path": data, "test_path": None})
    if target:
        section = section.model_copy(update={"target": target})
    settings = settings.model_copy(update={"data": section})
    result = check_data(project, settings)
    if result.inspection:
        show_columns(result.inspection, section.source)
    for error in result.errors:
        display.console.print(f"refused: {error}", style="red", soft_wrap=True)
    for warning in result.warnings:
        display.warn(warning)
    if result.lines:
        others = "see vendor/modelserve/docs/data.md for the others"
        display.say(f"\nA way out, under [data] in {config}; {others}:\n")
        display.say("\n".join(result.lines))
    if result.errors:
        raise typer.Exit(1)
    if settings.task == "regressor" and not settings.split.calibration_size:
        display.say(
            "Answers will have no interval (`lower`, `upper`): for one, set [split] "
            f"calibration_size in {config}, such as 0.25."
        )
    display.say(f"{result.rows} rows can be trained on.")
    if write_schema:
        dataset, _ = load_dataset(project, settings)
        path = data_schema.write_schema(dataset, settings)
        display.say(f"{path} is written: widen its bounds to what is right, and commit it.")


def show_columns(inspection: "Inspection", source: str) -> None:
    """Print what each column is taken for: in columns, or as a phrase where they do not fit."""
    from rich.table import Table
    from rich.text import Text

    from ..display import console

    styles = {each.column: "yellow" for each in inspection.findings if not each.blocking}
    styles |= {each.column: "red" for each in inspection.findings if each.blocking}
    wide, narrow = (Table(title=f"{source}: {len(inspection.frame)} rows") for _ in range(2))
    for head in ("column", "is", "taken for", "because of"):
        wide.add_column(head)
    for head in ("distinct", "missing"):
        wide.add_column(head, justify="right")
    wide.add_column("values", overflow="fold", max_width=VALUES_WIDTH)
    for head in ("column", "what it is"):
        narrow.add_column(head, overflow="fold")
    for each in inspection.columns():
        dimmed = "dim" if each.role not in ("feature", "target") else ""
        name = Text(each.name or '""', style=styles.get(each.name, dimmed))
        distinct, missing = f"{each.distinct:,}", f"{each.missing:,}" if each.missing else ""
        facts = (each.role, each.dtype, each.reason, distinct, missing, each.values)
        wide.add_row(name, *facts, style=dimmed)
        counts = f"{distinct} distinct" + (f", {missing} missing" if missing else "")
        phrase = f"{each.role}, {each.dtype} ({each.reason}), {counts}"
        narrow.add_row(name, f"{phrase}\n{each.values}".rstrip(), style=dimmed)
    needed = console.measure(wide, options=console.options.update(max_width=MAX_WIDTH)).maximum
    console.print(wide if needed <= console.width else narrow)
