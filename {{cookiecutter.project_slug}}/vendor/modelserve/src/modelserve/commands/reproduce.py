"""The command that trains an artifact again and compares the two."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import artifact
from .options import ModelOption, libraries, project_of

if TYPE_CHECKING:
    from ..manifest import Manifest
    from ..reproduction.conditions import Condition
    from ..reproduction.run import Reproduction

CONFIG = "config/training.toml"

app = typer.Typer()


@app.command()
def reproduce(
    context: typer.Context,
    model: ModelOption = Path("model"),
    output: Annotated[Path, typer.Option(help="Folder of the second artifact.")] = Path(
        "reproduced"
    ),
    in_clean_checkout: Annotated[
        bool,
        typer.Option(
            "--in-clean-checkout",
            help="Train in a temporary clone of its commit, with what its lock names.",
        ),
    ] = False,
) -> None:
    """Train an artifact again from its manifest; exit with 1 if the two differ."""
    with libraries():
        from .. import display
        from ..reproduction import checkout
        from ..reproduction.comparison import compare_files
        from ..reproduction.run import Reproduction, check, reproduce_here
        from ..training.reporter import Reporter
        from .training import load_training

        recorded = artifact.load(model)
        check(recorded, output)
        if in_clean_checkout:
            project = project_of(context)
            with ended_by_signals(), display.step("Train in a checkout of its commit"):
                checkout.train_from_history(
                    recorded.manifest, project.root, project.package, output
                )
            fresh = artifact.load(output)
            result = Reproduction(compare_files(project, recorded, fresh))
        else:
            project, config = load_training(context, find_config(recorded.manifest))
            reporter = Reporter(step=display.step, warn=display.warn, track=display.track)
            result = reproduce_here(
                project, recorded, config, output, reporter=reporter, show=show_conditions
            )
    show_result(result, output)
    if not result.equal:
        raise typer.Exit(1)


def find_config(manifest: "Manifest") -> Path:
    """Return the training configuration that a manifest names, if it lies in the project."""
    named = Path((manifest.origin and manifest.origin.config) or CONFIG)
    return named if named.resolve().is_relative_to(Path.cwd()) else Path(CONFIG)


def show_conditions(conditions: "list[Condition]") -> None:
    """Print what the artifact was trained from, and what is otherwise now."""
    from .. import display

    display.show(
        "trained from",
        [
            (each.name, each.recorded, each.present if each.differs else "the same")
            for each in conditions
        ],
        head=("", "recorded", "now"),
    )


def show_result(result: "Reproduction", output: Path) -> None:
    """Print each file with whether it is the same, and why others may differ."""
    from .. import display

    display.show(
        "files",
        [(each.name, "equal" if each.equal else "different", each.detail) for each in result.files],
        head=("file", "", ""),
    )
    changed = [each for each in result.conditions if each.name == "data" and each.differs]
    for each in changed:
        display.say(f"The data have changed: SHA-256 {each.recorded}…, now {each.present}….")
    if result.equal and result.partial:
        display.say(
            f"Reproduced: every file in {output} is the same, but for what "
            f"{' and '.join(result.partial)} say about the last model: that depends on which "
            "artifact a run replaced."
        )
    elif result.equal:
        display.say(f"Reproduced: every file in {output} is the same.")
    else:
        display.say(f"Not reproduced: {output} has the second artifact. {result.reasons}")


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the process as Ctrl+C does, so that what is open is cleaned up."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
