"""Reads a window's captures and ground truth into counts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..artifact import REFERENCE
from ..bins import Shape
from ..errors import MonitoringError
from ..service import Service
from .counts import CaptureCounts
from .ground_truth import GroundTruth, TruthFiles, load_ground_truth
from .ingest.batch_transform import find_batch_transform
from .ingest.captures import CaptureReader
from .outcomes import make_truth_reader
from .partitions import Listing, TimeWindow, find_files, find_truth_files
from .processes import WorkerPool, processes_for, read

References = Mapping[str, Mapping[str, Shape]]


@dataclass(frozen=True)
class CollectedData:
    """The counts of one window.

    Args:
        window: that was requested.
        listing: the files of captures.
        truths: None without a folder of ground truth.
        counts: of all captures.
    """

    window: TimeWindow
    listing: Listing
    truths: GroundTruth | None
    counts: CaptureCounts


class OpenedSources(NamedTuple):
    """What reads captures, as long as the sources are open; `truths` is None without a folder."""

    reader: CaptureReader
    truths: GroundTruth | None
    pool: WorkerPool


@dataclass(frozen=True)
class MonitoringSources:
    """The folders, and which of their records are counted.

    Args:
        captures: the folder of captures.
        ground_truth: the folder of ground truth, None without one.
        service: its artifact and its `preprocess`.
        groups: the configured ones.
        window: records outside of it are skipped.
    """

    captures: Path
    ground_truth: Path | None
    service: Service
    groups: Sequence[str]
    window: TimeWindow

    @contextmanager
    def open(self, files: Sequence[Path], truth_files: tuple[Path, ...]) -> Iterator[OpenedSources]:
        """Read the ground truth, and open a reader of captures.

        Args:
            files: of the captures that will be read.
            truth_files: all files of ground truth.

        Raises:
            MonitoringError: a file cannot be read.
        """
        artifact = self.service.artifact
        preprocess = self.service.preprocess if self.service.overrides("preprocess") else None
        processes = processes_for(truth_files if preprocess else (*files, *truth_files))
        with TemporaryDirectory() as scratch, WorkerPool(Path(scratch), processes) as pool:
            truths = None
            if self.ground_truth:
                outputs = artifact.read_json(REFERENCE)["outputs"]
                parser = make_truth_reader(artifact.manifest, outputs)
                reading = TruthFiles(self.ground_truth, self.window, parser, self.groups)
                truths = load_ground_truth(reading, truth_files, pool)
            reader = CaptureReader(
                artifact,
                self.window,
                truths,
                groups=len(self.groups) + 1,
                folder=self.captures,
                preprocess=preprocess,
            )
            yield OpenedSources(reader, truths, pool)


def collect(sources: MonitoringSources) -> CollectedData:
    """Return the counts of the folders.

    Raises:
        MonitoringError: no record can be compared, or a folder cannot be read.
    """
    window, folder = sources.window, sources.ground_truth
    listing = find_files(sources.captures, window)
    truth_files = find_truth_files(folder, window, missing_ok=True) if folder else ()
    with sources.open(listing.files, truth_files) as (reader, truths, pool):
        data = CollectedData(window, listing, truths, read(reader, listing.files, pool))
    require_records(data, sources)
    return data


def require_records(data: CollectedData, sources: MonitoringSources) -> None:
    """Raise if there is nothing to compare.

    Raises:
        MonitoringError: no record can be compared; the message says what was read instead.
    """
    if not data.counts.records:
        version = sources.service.artifact.manifest.version
        raise MonitoringError(_nothing_to_compare(data, sources.captures, version))


def _nothing_to_compare(data: CollectedData, captures: Path, version: str) -> str:
    """Return why no record can be compared."""
    counts, listing = data.counts, data.listing
    if path := find_batch_transform((*listing.files, *listing.others)):
        return (
            f"{path} is of Batch Transform, whose captures are lists of S3 objects, not records. "
            "Monitor the captures of an endpoint, or those of `serve` with CAPTURE_DIR after "
            "sending it the same rows."
        )
    reasons = [
        f"{number} {reason}"
        for number, reason in (
            (len(listing.files), "closed files"),
            (listing.open_files, "files that are still being written"),
            (len(listing.others), "files other than .jsonl and .jsonl.gz"),
            (counts.outside, "records outside of the window"),
            (counts.versions.total(), f"records of {', '.join(sorted(counts.versions))}"),
            (counts.rejected, "responses without predictions"),
            (counts.errors.corrupt + counts.errors.foreign, "lines that cannot be read"),
        )
        if number
    ]
    first = "".join(
        f"; {each.file}, line {each.line} {each.detail}" for each in counts.errors.first[:1]
    )
    way_out = (
        " `--model` takes the folder of a version that answered; `promote` keeps the last one "
        "beside the served one, as model.previous."
    )
    return (
        f"There is nothing in {captures} to compare with version {version}: "
        f"{', '.join(reasons) or 'no file'}{first}.{way_out if counts.versions else ''}"
    )
