"""Print tables, steps and sentences on the command line."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import track as track_progress
from rich.table import Column, Table
from rich.text import Text

from .provenance import describe_commit

if TYPE_CHECKING:  # training is not installed where the model is served
    from .training.gate import GateResult
    from .training.search.run import SearchResult
    from .training.train import Run

UNBROKEN = frozenset({"run", "version", "metric", "candidate", "before"})  # columns by header
STEP_WIDTH = 40  # of a step's name, before its time

# Text is printed as it is: brackets are not markup, and colons are not emoji.
console = Console(highlight=False, markup=False, emoji=False)


def show(title: str, rows: Iterable[tuple[str | Text, ...]], head: tuple[str, ...] = ()) -> None:
    """Print a table; without a head, it has two columns.

    Versions and names of metrics, which people search for, are not broken into lines.
    """
    lines = list(rows)
    columns = [Column(each, overflow="fold") for each in head or ("", "")]
    free = console.width // 2
    for column, cells in zip(columns, zip(*lines, strict=False), strict=False):
        texts = (line for each in (column.header, *cells) for line in str(each).splitlines())
        width = max(map(cell_len, texts), default=0)
        # A cell that has no room would lose its end.
        if column.header in UNBROKEN and width <= free:
            column.no_wrap, free = True, free - width
    table = Table(*columns, show_header=bool(head), title=title)
    for row in lines:
        table.add_row(*row)
    console.print(table)


def say(text: str, *, aside: bool = False) -> None:
    """Print a sentence; an aside is dimmed."""
    console.print(text, style="dim" if aside else None, soft_wrap=True)


def warn(text: str) -> None:
    """Print a warning, in yellow where the terminal has colours."""
    console.print(f"warning: {text}", style="yellow", soft_wrap=True)


def show_metrics(
    title: str,
    metrics: Mapping[str, float],
    results: Iterable["GateResult"],
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> None:
    """Print each metric with its bounds: green where it passes all, red where it misses one.

    Args:
        title: of the table.
        metrics: by name.
        results: of the gate.
        intervals: the 95 % confidence interval of each metric that has one.
    """
    ends = {name: f"{low:.4f} to {high:.4f}" for name, (low, high) in (intervals or {}).items()}
    bounds: dict[str, list[GateResult]] = {}
    for each in results:
        bounds.setdefault(each.metric, []).append(each)
    show(
        title,
        [
            (name, f"{value:.4f}", ends.get(name, ""), _verdict(bounds.get(name, ())))
            for name, value in metrics.items()
        ],
        head=("metric", "value", "95 % interval", "gate"),
    )


def _verdict(results: Sequence["GateResult"]) -> Text:
    if not results:
        return Text()
    text = ", ".join(f"{each.bound}: {each.word}" for each in results)
    return Text(text, style="green" if all(each.passed for each in results) else "red")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step while it runs, and how long it took."""
    started = time.perf_counter()
    with console.status(name):
        yield
    say(f"{name:<{STEP_WIDTH}}{time.perf_counter() - started:>7.2f} s")


def track(trials: Sequence[Any]) -> Iterator[Any]:
    """Pass the trials of a search on, and show how many are left and how long they take."""
    yield from track_progress(
        trials, f"Search {len(trials)} trials", console=console, transient=True
    )


def show_search(found: "SearchResult") -> None:
    """Print what a search found, as lines for the configuration."""
    say(
        f"The search found {found.summary}. To keep its values, write them under [model], in place "
        f"of what it has for the same keys, and remove [search]:\n{found.toml}"
    )


def show_run(run: "Run", run_id: str) -> None:
    """Print the results of a training run, and its id for `runs`."""
    manifest = run.artifact.manifest
    data = manifest.data
    if manifest.parity is None:
        parity = "nothing to compare"
    else:
        of_scale = manifest.parity_scale
        relative = "" if of_scale is None else f" times the largest output ({of_scale:.4g})"
        parity = f"{manifest.parity:.2g}{relative}"
    loss = manifest.provenance
    parts = [
        f"{count} {name}"
        for count, name in (
            (data.training_rows, "training rows"),
            (data.calibration_rows, "calibration rows"),
            (data.test_rows, "test rows"),
        )
        if count
    ]
    show_metrics(
        f"{manifest.name} {manifest.version}", manifest.metrics, run.results, manifest.intervals
    )
    show(
        "",
        [
            ("data", f"{data.source}, SHA-256 {data.sha256[:12]}…"),
            ("commit", describe_commit(manifest)),
            ("split", f"{', '.join(parts)}, seed {manifest.seed}"),
            *(
                [("threshold", f"{manifest.positive} from {manifest.threshold:g} on")]
                if manifest.threshold is not None
                else []
            ),
            ("parity", parity),
            *((name, loss[name]) for name in ("accuracy", "quantisation") if name in loss),
            ("artifact", f"{run.artifact.folder}, {manifest.size_bytes:,} bytes"),
            ("run", run_id),
        ],
    )
