"""The command that predicts for a whole file, or for many."""

# A command imports what it needs: `serve` runs without the libraries that `train` needs.
# pylint: disable=import-outside-toplevel
# An option is an argument.
# pylint: disable=too-many-arguments,too-many-positional-arguments,too-many-locals

import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import MalformedError
from .batch_summary import show_progress, summarise
from .options import ModelOption, ShardCountOption, ShardIndexOption, project_of

if TYPE_CHECKING:  # it needs numpy
    from ..batch import BatchCounts, FinishedShard
    from ..batch.predictor import Further
    from ..batch.ray_job import RayCounts
    from ..service import Service

ENDED_BY = 128  # an exit code is this and the signal's number

app = typer.Typer()


@app.command()
def batch(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A .csv, .tsv, .jsonl or .parquet file; .gz of the first three; - reads stdin. "
            "Or a folder, a pattern, or a URL of an object store."
        ),
    ],
    output: Annotated[
        str,
        typer.Argument(
            help="A .csv, .jsonl or .parquet file; .gz; - writes to stdout. "
            "Or a folder, with a / at its end, or a URL of one."
        ),
    ],
    model: ModelOption = Path("model"),
    keep: Annotated[
        Literal["others", "all", "none"],
        typer.Option(
            help="Columns that the output repeats: those that the model does not have, all, none."
        ),
    ] = "others",
    shard_index: ShardIndexOption = 0,
    shard_count: ShardCountOption = 1,
    shard_by: Annotated[
        Literal["auto", "files", "rows"],
        typer.Option(help="What tasks share; auto: files, if there are enough. Of a folder."),
    ] = "auto",
    format_: Annotated[
        Literal["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"] | None,
        typer.Option("--format", help="Of the answers in a folder; that of the rows by default."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace complete shards, and those of other jobs."),
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster, or auto: it answers all shards. Of a folder."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Add the contribution of each field to each answer; slow."),
    ] = False,
) -> None:
    """Answer every row of a file, or of many; invalid rows go to a file with their reasons."""
    from ..batch import BatchJob, BatchPredictor, Shard
    from ..batch.ray_job import RayJob, absolute, answer_on_ray
    from ..batch.storage import writes_folder

    if shard_index >= shard_count:
        raise MalformedError(
            f"There is no shard {shard_index} of {shard_count}: the index starts at 0. "
            "Set --shard-count to the number of tasks."
        )
    shard, to_folder = Shard(shard_index, shard_count), writes_folder(source, output)
    if not to_folder and (format_ or overwrite or shard_by != "auto" or ray):
        raise MalformedError(
            "--format, --overwrite, --shard-by and --ray are about a folder of answers: "
            "end OUTPUT with a /."
        )
    if ray:
        if explain or shard_index:
            raise MalformedError(
                "--ray answers all shards, without --explain; leave out the other."
            )
        project = project_of(context)
        shards = RayJob(
            package=project.package,
            root=absolute(str(project.root)),
            model=absolute(str(model)),
            source=absolute(source),
            output=absolute(output),
            keep=keep,
            format=format_,
            division=shard_by,
            shards=shard_count if shard_count > 1 else 0,
            overwrite=overwrite,
        )
        _report_cluster(answer_on_ray(ray, shards), output)
        return
    interruption = Interruption()
    service = project_of(context).make_service(model)
    predictor = BatchPredictor(service, further=_explanations(service) if explain else None)
    with show_progress() as show:

        def watch(counts: "BatchCounts", share: float | None) -> None:
            interruption.check()
            if show:
                show(counts, share)

        if to_folder:
            job = BatchJob(predictor, source, output, keep, format_, shard_by)
            finished = job.run(shard, overwrite=overwrite, watch=watch)
            report = partial(_report_shard, finished, output)
        else:
            counts = predictor.run(Path(source), Path(output), shard=shard, keep=keep, watch=watch)
            report = partial(_report_file, counts, output)
    report()


def _report_file(counts: "BatchCounts", output: str) -> None:
    """Print what a file's answers are.

    Raises:
        MalformedError: rows were rejected.
    """
    standard = output == "-"
    if not standard:
        summarise(counts, output, f"{output}.rejected")
    if counts.rejected:
        place = "the lines above have" if standard else f"{output}.rejected has"
        raise MalformedError(f"rows rejected: {counts.rejected}; {place} the reasons.")


def _report_shard(finished: "FinishedShard", output: str) -> None:
    """Print what a shard of a job has, or that it was complete.

    Raises:
        MalformedError: rows were rejected, by this process or before.
    """
    manifest = finished.manifest
    shards = manifest.job.shards
    rejected = f"{output.rstrip('/')}/{finished.rejected}"
    if finished.counts:
        summarise(finished.counts, output, rejected)
    else:
        typer.echo(
            f"shard {manifest.shard} is complete: {manifest.rows:,} rows were answered before"
        )
    typer.echo(f"shards complete: {finished.done} of {shards}")
    if manifest.rejected:
        raise MalformedError(f"rows rejected: {manifest.rejected}; {rejected} has the reasons.")


def _report_cluster(counts: "RayCounts", output: str) -> None:
    """Print what all shards of a job have.

    Raises:
        MalformedError: rows were rejected, now or before.
    """
    typer.echo(f"rows answered: {counts.rows:,}")
    typer.echo(f"shards answered: {counts.answered} of {counts.shards}; the others were complete")
    if counts.rejected:
        place = f"{output.rstrip('/')}/_rejected-*"
        raise MalformedError(f"rows rejected: {counts.rejected}; {place} have the reasons.")


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
