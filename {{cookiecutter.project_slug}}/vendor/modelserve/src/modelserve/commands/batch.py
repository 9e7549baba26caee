"""The command that predicts for a whole file."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel
# An option is an argument.
# pylint: disable=too-many-arguments,too-many-positional-arguments

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import MalformedError
from .options import ModelOption, project_of

if TYPE_CHECKING:  # it needs numpy
    from ..batch import BatchCounts
    from ..batch.predictor import Further
    from ..service import Service

    Watch = Callable[[BatchCounts, float | None], None]

MOST_LABELS = 10  # that the summary lists
ENDED_BY = 128  # an exit code is this and the signal's number

app = typer.Typer()


@app.command()
def batch(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            help="A .csv, .tsv, .jsonl or .parquet file; .gz of the first three; - reads stdin."
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(help="A .csv, .jsonl or .parquet file; .gz; - writes to stdout."),
    ],
    model: ModelOption = Path("model"),
    keep: Annotated[
        Literal["others", "all", "none"],
        typer.Option(
            help="Columns that the output repeats: those that the model does not have, all, none."
        ),
    ] = "others",
    shard_index: Annotated[
        int,
        typer.Option(
            envvar=["CLOUD_RUN_TASK_INDEX", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"],
            min=0,
            help="Number of this task, from 0.",
        ),
    ] = 0,
    shard_count: Annotated[
        int,
        typer.Option(
            envvar="CLOUD_RUN_TASK_COUNT", min=1, help="Tasks that share the rows of the file."
        ),
    ] = 1,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Add the contribution of each field to each answer; slow."),
    ] = False,
) -> None:
    """Answer every row of a file; invalid rows go to OUTPUT.rejected with their reasons."""
    from ..batch import BatchPredictor, Shard

    if shard_index >= shard_count:
        raise MalformedError(
            f"There is no shard {shard_index} of {shard_count}: the index starts at 0. "
            "Set --shard-count to the number of tasks."
        )
    interruption = Interruption()
    service = project_of(context).make_service(model)
    predictor = BatchPredictor(service, further=_explanations(service) if explain else None)
    with _progress() as show_progress:

        def watch(counts: "BatchCounts", share: float | None) -> None:
            interruption.check()
            if show_progress:
                show_progress(counts, share)

        counts = predictor.run(
            source, output, shard=Shard(shard_index, shard_count), keep=keep, watch=watch
        )
    standard = str(output) == "-"
    if not standard:
        _summarise(counts, output)
    if counts.rejected:
        place = "the lines above have" if standard else f"{output}.rejected has"
        raise MalformedError(f"rows rejected: {counts.rejected}; {place} the reasons.")


class Interruption:
    """Ends the process at SIGTERM or SIGINT, by an exception that removes incomplete files.

    A library may swallow the exception that a signal's handler raises: `check` raises it again.
    """

    def __init__(self) -> None:
        """Handle both signals from now on."""
        self._code = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _: object) -> None:
        self._code = ENDED_BY + number
        self.check()

    def check(self) -> None:
        """Exit, if a signal was received."""
        if self._code:
            sys.exit(self._code)


def _explanations(service: "Service") -> "Mapping[str, Further]":
    """Return the fields of explanations."""
    from ..batch.explanations import explanation_fields

    return explanation_fields(service)


@contextmanager
def _progress() -> Iterator["Watch | None"]:
    """Show a bar with rows and rows per second, if anyone can see it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,.0f} rows/s"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("batch", total=None, rows=0, speed=0.0)

        def watch(counts: "BatchCounts", share: float | None) -> None:
            total = None if share is None else 1.0
            rows = counts.answered + counts.rejected
            speed = counts.rows_per_second
            progress.update(task, total=total, completed=share or 0.0, rows=rows, speed=speed)

        yield watch


def _summarise(counts: "BatchCounts", output: Path) -> None:
    """Print a table of what was answered."""
    from .. import display

    def share(count: int) -> str:
        return f"{count:,}, {count / max(counts.answered, 1):.1%}"

    rows = [("rows answered", f"{counts.answered:,}")]
    if counts.rejected:
        rows.append(("rows rejected", f"{counts.rejected:,}, see {output}.rejected"))
    if counts.absent:
        rows.append(("missing columns", ", ".join(counts.absent)))
    rows.append(("out of the training range", share(counts.out_of_range)))
    rows.append(("rows per second", f"{counts.rows_per_second:,.0f}"))
    ranked = counts.labels.most_common()
    rows += [(f"label {label}", share(count)) for label, count in ranked[:MOST_LABELS]]
    if others := sum(count for _, count in ranked[MOST_LABELS:]):
        rows.append((f"{len(ranked) - MOST_LABELS} more labels", share(others)))
    if quantiles := counts.values.quantiles():
        rows.append(("lowest value", f"{counts.values.minimum:.6g}"))
        rows += [(f"value at {at:.0%}", f"{value:.6g}") for at, value in quantiles.items()]
        rows.append(("highest value", f"{counts.values.maximum:.6g}"))
    display.show(str(output), rows)
