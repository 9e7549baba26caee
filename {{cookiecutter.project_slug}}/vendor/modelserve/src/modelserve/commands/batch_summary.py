"""Show how far `batch` is, and what it answered."""

# pylint: disable=import-outside-toplevel

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it needs numpy
    from ..batch import BatchCounts

    Watch = Callable[[BatchCounts, float | None], None]

MOST_LABELS = 10  # that the summary lists


@contextmanager
def show_progress() -> Iterator["Watch | None"]:
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


def summarise(counts: "BatchCounts", output: str, rejected: str) -> None:
    """Print a table of what was answered.

    Args:
        counts: of the answers.
        output: where they are.
        rejected: where the rejected rows are.
    """
    from .. import display

    def share(count: int) -> str:
        return f"{count:,}, {count / max(counts.answered, 1):.1%}"

    rows = [("rows answered", f"{counts.answered:,}")]
    if counts.rejected:
        rows.append(("rows rejected", f"{counts.rejected:,}, see {rejected}"))
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
    display.show(output, rows)
