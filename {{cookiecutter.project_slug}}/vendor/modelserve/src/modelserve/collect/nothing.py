"""Says why there is nothing to collect, and the way out."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..monitoring.ingest.batch_transform import find_batch_transform
from ..monitoring.partitions import TimeWindow, find_files

if TYPE_CHECKING:
    from .job import CollectedRows

LONGEST = 60  # characters of a consumer's name


def nothing_to_collect(rows: "CollectedRows", captures: Path, ground_truth: Path) -> str:
    """Return why no row is written, and the way out.

    Args:
        rows: none of them written.
        captures: the folder.
        ground_truth: likewise.
    """
    counts, listing, truths = rows.counts, rows.listing, rows.truths
    if path := find_batch_transform((*listing.files, *listing.others)):
        return (
            f"{path} is of Batch Transform, whose captures are lists of S3 objects, not records. "
            "Collect the captures of an endpoint, or those of `serve` with CAPTURE_DIR."
        )
    versions = ", ".join(sorted(counts.versions))
    consumers = ", ".join(name[:LONGEST] for name in counts.consumers)
    outside = len(find_files(captures, TimeWindow()).files) - len(listing.files)
    reasons = [
        f"{number:,} {reason}"
        for number, reason in (
            (len(listing.files), "closed files"),
            (outside, "files outside of the window"),
            (listing.open_files, "files that are still being written"),
            (len(listing.others), "files other than .jsonl and .jsonl.gz"),
            (counts.versions.total(), f"records of {versions}"),
            (counts.outside, "records outside of the window"),
            (counts.other_consumers, f"lines of other consumers, such as {consumers}"),
            (counts.rejected, "responses without predictions"),
            (counts.errors.corrupt + counts.errors.foreign, "lines that cannot be read"),
            (counts.without_truth, "rows without a ground truth"),
            (counts.without_input, "rows whose request was not captured"),
            (counts.degraded, "rows that the fallback answered"),
            (counts.redacted, "rows with a redacted value"),
            (counts.misfit.total(), f"rows that do not fit {', '.join(sorted(counts.misfit))}"),
            (truths.count, "ground truths"),
            (truths.errors.corrupt, "lines of ground truth that cannot be read"),
        )
        if number
    ]
    errors = [*counts.errors.first, *truths.errors.first][:1]
    first = "".join(f"; {each.file}, line {each.line} {each.detail}" for each in errors)
    return (
        f"Nothing in {captures} can be joined with {ground_truth} for {rows.manifest.name}: "
        f"{', '.join(reasons) or 'no file'}{first}. {_way_out(rows)}"
    )


def _way_out(rows: "CollectedRows") -> str:
    counts = rows.counts
    if not counts.records:
        return "Check the folder, --since, --until, --version and --consumer."
    if counts.without_input == counts.rows:
        return "Set CAPTURE_INPUTS=true where the model is served."
    if not counts.joined:
        return "A ground truth names the inference_id of the answer, and the row from 0."
    return "Collect rows that the model answered, with all of their fields captured."
