"""Reads a window's captures and ground truth into counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

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


def collect(
    captures: Path,
    ground_truth: Path | None,
    service: Service,
    *,
    groups: Sequence[str],
    window: TimeWindow,
) -> CollectedData:
    """Return the counts of the folders.

    Args:
        captures: the folder of captures.
        ground_truth: the folder of ground truth, None without one.
        service: its artifact and its `preprocess`.
        groups: the configured ones.
        window: records outside of it are skipped.

    Raises:
        MonitoringError: no record can be compared, or a folder cannot be read.
    """
    listing, artifact = find_files(captures, window), service.artifact
    preprocess = service.preprocess if service.overrides("preprocess") else None
    truth_files = find_truth_files(ground_truth, window) if ground_truth else ()
    processes = processes_for(truth_files if preprocess else (*listing.files, *truth_files))
    with TemporaryDirectory() as scratch, WorkerPool(Path(scratch), processes) as pool:
        truths = None
        if ground_truth:
            outputs = artifact.read_json(REFERENCE)["outputs"]
            parser = make_truth_reader(artifact.manifest, outputs)
            reading = TruthFiles(ground_truth, window, parser, groups)
            truths = load_ground_truth(reading, truth_files, pool)
        reader = CaptureReader(
            artifact,
            window,
            truths,
            groups=len(groups) + 1,
            folder=captures,
            preprocess=preprocess,
        )
        data = CollectedData(window, listing, truths, read(reader, listing.files, pool))
    if not data.counts.records:
        raise MonitoringError(_nothing_to_compare(data, captures, artifact.manifest.version))
    return data


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
    return (
        f"There is nothing in {captures} to compare with version {version}: "
        f"{', '.join(reasons) or 'no file'}{first}."
    )
