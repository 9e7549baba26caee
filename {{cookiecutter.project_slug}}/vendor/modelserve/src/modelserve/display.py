"""What the command line shows a person: tables, steps and sentences."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # what trains is not needed to show
    from .training.train import Run

# Names are shown as they are: what stands in brackets is no style, between colons no picture.
console = Console(highlight=False, markup=False, emoji=False)


def show(title: str, rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> None:
    """Print a table; without a head, it has two columns."""
    table = Table(*(head or ("", "")), show_header=bool(head), title=title)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def say(text: str, *, aside: bool = False) -> None:
    """Print a sentence; an aside stands back."""
    console.print(text, style="dim" if aside else None, soft_wrap=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show that a step is under way, and how long it took."""
    started = time.perf_counter()
    with console.status(name):
        yield
    say(f"{name:<36}{time.perf_counter() - started:>7.2f} s")


def show_run(run: "Run") -> None:
    """Print what a training run has made."""
    manifest = run.artifact.manifest
    data = manifest.data
    compared = "nothing to compare" if manifest.parity is None else f"{manifest.parity:.2g}"
    parts = [
        f"{count} {use}"
        for count, use in (
            (data.training_rows, "rows to train on"),
            (data.calibration_rows, "to calibrate with"),
            (data.test_rows, "held back"),
        )
        if count
    ]
    show(
        f"{manifest.name} {manifest.version}",
        [
            ("data", f"{data.source}, SHA-256 {data.sha256[:12]}…"),
            ("split", f"{', '.join(parts)}, seed {manifest.seed}"),
            *((name, f"{value:.4f}") for name, value in manifest.metrics.items()),
            *(("gate", f"{each.metric} {each.bound}: passed") for each in run.verdicts),
            ("parity", compared),
            ("artifact", f"{run.artifact.folder}, {manifest.size_bytes:,} bytes"),
        ],
    )
