"""The job that joins captures with ground truth, and writes the rows to train on."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ..errors import CollectionError
from ..manifest import Dtype, Manifest
from ..monitoring.ground_truth import GroundTruth, TruthFiles, load_ground_truth
from ..monitoring.ingest.batches import RecordFilter
from ..monitoring.ingest.record_reader import RecordReader
from ..monitoring.ingest.records import Records
from ..monitoring.partitions import Listing, TimeWindow, find_files, find_truth_files
from ..monitoring.processes import WorkerPool, processes_for, read
from .consumers import ConsumerFilter
from .counts import RowCounts, SourceFile
from .formats import make_format
from .nothing import nothing_to_collect
from .output import CollectedFile
from .provenance import provenance_of
from .row_reader import InputParser, RowReader, sources_of
from .target import make_target

EVER = TimeWindow()
Columns = tuple[tuple[str, Dtype], ...]


@dataclass(frozen=True)
class CollectionRequest:
    """Which rows to collect, and how to name what the model does not know.

    Args:
        target: the name of the column with the ground truth.
        window: records outside of it are skipped.
        versions: of the model; none for all.
        consumers: whose requests are taken; none for all.
        time_column: the name of a column with the time of the inference, None without one.
    """

    target: str
    window: TimeWindow = EVER
    versions: Collection[str] = ()
    consumers: Collection[str] = ()
    time_column: str | None = None


@dataclass(frozen=True)
class CollectedRows:
    """What was collected.

    Args:
        request: for it.
        manifest: of the model.
        columns: names and types.
        listing: the files of captures.
        truths: the ground truth.
        truth_files: the files with it.
        counts: of the captures.
    """

    request: CollectionRequest
    manifest: Manifest
    columns: Columns
    listing: Listing
    truths: GroundTruth
    truth_files: Sequence[SourceFile]
    counts: RowCounts

    @property
    def unmatched(self) -> int:
        """Return the number of ground truths that no row has."""
        return self.truths.count - self.counts.matched.count()

    @property
    def shared(self) -> int:
        """Return how many rows have a ground truth that an earlier row has, too."""
        return self.counts.joined - self.counts.matched.count()


def run(
    captures: Path,
    ground_truth: Path,
    manifest: Manifest,
    output: Path,
    *,
    request: CollectionRequest,
    force: bool = False,
) -> CollectedRows:
    """Write the rows with a ground truth to a file, and what they were made of beside it.

    Args:
        captures: laid out by the hour; records of other models are skipped.
        ground_truth: laid out likewise.
        manifest: of the model.
        output: the file of rows; its suffix names the format.
        request: which rows to collect.
        force: whether to replace a file that holds something else.

    Raises:
        CollectionError: no row can be joined, a name is taken, or the file cannot be written.
        MonitoringError: a folder or a file cannot be read, or a process was killed.
    """
    _check_names([each.name for each in manifest.features], request)
    file, target = CollectedFile(output, force=force), make_target(manifest)
    # The type of labels is known once they are read; a missing library, or a suffix, is not.
    make_format(output, (), manifest.data.dialect)
    record_filter = RecordFilter(
        InputParser(manifest),
        name=manifest.name,
        versions=request.versions or None,
        bounds_us=request.window.bounds_us,
    )
    listing = find_files(captures, request.window)
    truth_files = find_truth_files(ground_truth, request.window)
    count = processes_for((*listing.files, *truth_files))
    with file.scratch() as scratch, WorkerPool(scratch, count) as pool:
        truths = load_ground_truth(
            TruthFiles(ground_truth, request.window, target), truth_files, pool
        )
        columns = _columns(manifest, target.dtype, request)
        row_format = make_format(output, columns, manifest.data.dialect)
        reader = RowReader(
            manifest,
            target,
            truths,
            record_filter,
            RecordReader(record_filter, captures, _take(request)),
            row_format,
            captures,
            scratch,
            with_time=request.time_column is not None,
        )
        counts = read(reader, listing.files, pool)
        rows = CollectedRows(
            request,
            manifest,
            columns,
            listing,
            truths,
            _sources(truth_files, ground_truth, pool),
            counts,
        )
        if not counts.written:
            raise CollectionError(nothing_to_collect(rows, captures, ground_truth))
        file.write(scratch, counts.parts, row_format, provenance_of(rows))
    return rows


def _take(request: CollectionRequest) -> Callable[[Records, RowCounts], Records] | None:
    return ConsumerFilter(request.consumers).take if request.consumers else None


def _sources(files: Sequence[Path], folder: Path, pool: WorkerPool) -> list[SourceFile]:
    """Return what identifies files of a folder, which the processes find out."""
    parts = pool.divide(files)
    return [*chain.from_iterable(pool.run(sources_of, parts, [folder] * len(parts)))]


def _columns(manifest: Manifest, target: Dtype, request: CollectionRequest) -> Columns:
    """Return the names and types of the columns, given the target's type."""
    columns: list[tuple[str, Dtype]] = [(each.name, each.dtype) for each in manifest.features]
    columns.append((request.target, target))
    if request.time_column is not None:
        columns.append((request.time_column, "category"))
    return tuple(columns)


def _check_names(features: Sequence[str], request: CollectionRequest) -> None:
    """Check that no two columns have the same name.

    Raises:
        CollectionError: they have.
    """
    if request.target in features:
        raise CollectionError(
            f"{request.target[:60]!r} is a feature of the model; name the column of the ground "
            "truth with --target."
        )
    if request.time_column in (*features, request.target):
        raise CollectionError(
            f"{request.time_column!r} is another column; name another --time-column."
        )
