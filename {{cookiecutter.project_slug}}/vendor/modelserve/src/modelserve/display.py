"""Print tables, steps and sentences on the command line."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # training is not installed where the model is served
    from .training.train import Run

STEP_WIDTH = 40  # of a step's name, before its time

# Text is printed as it is: brackets are not markup, and colons are not emoji.
console = Console(highlight=False, markup=False, emoji=False)


def show(title: str, rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> None:
    """Print a table; without a head, it has two columns."""
    table = Table(*(head or ("", "")), show_header=bool(head), title=title)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def say(text: str, *, aside: bool = False) -> None:
    """Print a sentence; an aside is dimmed."""
    console.print(text, style="dim" if aside else None, soft_wrap=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step while it runs, and how long it took."""
    started = time.perf_counter()
    with console.status(name):
        yield
    say(f"{name:<{STEP_WIDTH}}{time.perf_counter() - started:>7.2f} s")


def show_run(run: "Run") -> None:
    """Print the results of a training run."""
    manifest = run.artifact.manifest
    data = manifest.data
    parity = "nothing to compare" if manifest.parity is None else f"{manifest.parity:.2g}"
    parts = [
        f"{count} {name}"
        for count, name in (
            (data.training_rows, "training rows"),
            (data.calibration_rows, "calibration rows"),
            (data.test_rows, "test rows"),
        )
        if count
    ]
    show(
        f"{manifest.name} {manifest.version}",
        [
            ("data", f"{data.source}, SHA-256 {data.sha256[:12]}…"),
            ("split", f"{', '.join(parts)}, seed {manifest.seed}"),
            *((name, f"{value:.4f}") for name, value in manifest.metrics.items()),
            *(("gate", f"{each.metric} {each.bound}: passed") for each in run.results),
            ("parity", parity),
            ("artifact", f"{run.artifact.folder}, {manifest.size_bytes:,} bytes"),
        ],
    )
