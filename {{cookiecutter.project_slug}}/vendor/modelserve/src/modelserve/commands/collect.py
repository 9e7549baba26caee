"""The command that makes rows to train on of captures and ground truth."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel
# An option is an argument.
# pylint: disable=too-many-arguments,too-many-positional-arguments

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import artifact
from .batch import Interruption
from .monitoring import FORMATS
from .options import ConfigOption, ModelOption, libraries

if TYPE_CHECKING:
    from ..collect.job import CollectedRows

MOST_LABELS = 10  # that the summary lists

app = typer.Typer()


@app.command()
def collect(
    captures: Annotated[
        Path, typer.Argument(help="Folder with captured requests, as CAPTURE_DIR names it.")
    ],
    ground_truth: Annotated[
        Path, typer.Option(help="Folder with feedback, as GROUND_TRUTH_DIR names it.")
    ],
    output: Annotated[
        Path, typer.Option(help="The file to write: .parquet, .csv or .jsonl; .gz of the latter.")
    ],
    since: Annotated[
        datetime | None,
        typer.Option(formats=FORMATS, help="Leave out what was captured before; in UTC."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=FORMATS, help="Leave out what was captured from then on; in UTC."),
    ] = None,
    version: Annotated[
        list[str] | None,
        typer.Option(help="Take what this version answered; repeat it. By default, all versions."),
    ] = None,
    consumer: Annotated[
        list[str] | None,
        typer.Option(help="Take requests of this consumer; repeat it. By default, of all."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="Name of the column with the ground truth; default: \\[data] target."),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(help="Name of a column with the time; default: \\[split] column, by time."),
    ] = None,
    model: ModelOption = Path("model"),
    config: ConfigOption = Path("config/training.toml"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that holds something else.")
    ] = False,
) -> None:
    """Write the captured rows whose truth is known as rows to train on."""
    with libraries():
        from ..collect.config import read_names
        from ..collect.job import CollectionRequest, run
        from ..monitoring.partitions import TimeWindow

        Interruption()  # SIGTERM, too, removes what is incomplete
        if target is None:
            names = read_names(config)
            target, time_column = names.data.target, time_column or names.time_column
        rows = run(
            captures,
            ground_truth,
            artifact.load(model).manifest,
            output,
            request=CollectionRequest(
                target,
                TimeWindow(
                    since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC)
                ),
                tuple(version or ()),
                tuple(consumer or ()),
                time_column,
            ),
            force=force,
        )
    _summarise(rows, output)


def _summarise(rows: "CollectedRows", output: Path) -> None:
    """Print a table of every count."""
    from .. import display

    counts, truths = rows.counts, rows.truths
    table: Sequence[tuple[str, int, bool]] = (
        ("rows written", counts.written, True),
        ("rows without a ground truth", counts.without_truth, True),
        ("rows without a captured request", counts.without_input, False),
        ("rows that the fallback answered", counts.degraded, True),
        ("rows with a redacted value", counts.redacted, True),
        *((f"rows that do not fit {name}", count, True) for name, count in counts.misfit.items()),
        ("records read", counts.records, True),
        ("duplicate records", counts.duplicate, True),
        ("records outside of the window", counts.outside, False),
        ("lines of other consumers", counts.other_consumers, False),
        ("responses without predictions", counts.rejected, False),
        ("lines that cannot be read", counts.errors.corrupt + counts.errors.foreign, False),
        ("files still being written", rows.listing.open_files, False),
        ("ground truths without a row", rows.unmatched, True),
        ("duplicate ground truths", truths.duplicate, True),
        ("late ground truths", counts.late, True),
        ("ground truths of several rows", rows.shared, False),
        ("ground truths that cannot be read", truths.errors.corrupt, False),
        *((f"records of {name}", count, True) for name, count in sorted(counts.versions.items())),
    )
    lines = [(name, f"{count:,}") for name, count, always in table if count or always]
    display.show(str(output), lines)
    for error in (*counts.errors.first, *truths.errors.first):
        display.say(f"{error.file}, line {error.line} {error.detail}", aside=True)
    if counts.redacted > counts.written:
        display.warn(
            "most rows have a redacted value and are left out; the rows that are written, without "
            "one, may differ from them"
        )
    if counts.new_labels:
        new = counts.new_labels.most_common(MOST_LABELS)
        listed = ", ".join(f"{label[:60]!r} ({count:,})" for label, count in new)
        more = ", …" if len(counts.new_labels) > MOST_LABELS else ""
        display.warn(f"labels that the model does not know: {listed}{more}")
