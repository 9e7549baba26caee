"""What collected rows were made of; the same for the same files, so it has no time of its own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..monitoring.partitions import EPOCH
from .counts import SourceFile

if TYPE_CHECKING:
    from .job import CollectedRows


def provenance_of(rows: "CollectedRows") -> dict[str, Any]:
    """Return the content of the file of provenance."""
    manifest, request, counts, truths = rows.manifest, rows.request, rows.counts, rows.truths
    window = request.window
    return {
        "format": 1,
        "model": {"name": manifest.name, "version": manifest.version},
        "columns": [{"name": name, "dtype": dtype} for name, dtype in rows.columns],
        "target": request.target,
        "time_column": request.time_column,
        "window": {"since": _text(window.since), "until": _text(window.until)},
        "filters": {
            "versions": sorted(request.versions) if request.versions else None,
            "consumers": sorted(request.consumers) if request.consumers else None,
        },
        "first": _text(EPOCH + timedelta(microseconds=counts.first_us)),
        "last": _text(EPOCH + timedelta(microseconds=counts.last_us)),
        "rows": {
            "written": counts.written,
            "without_truth": counts.without_truth,
            "without_input": counts.without_input,
            "degraded": counts.degraded,
            "redacted": counts.redacted,
            "misfit": dict(sorted(counts.misfit.items())),
            "late_truth": counts.late,
            "new_labels": dict(sorted(counts.new_labels.items())),
        },
        "records": {
            "selected": counts.records,
            "versions": dict(sorted(counts.versions.items())),
            "duplicate": counts.duplicate,
            "outside": counts.outside,
            "other_consumers": counts.other_consumers,
            "rejected": counts.rejected,
            "corrupt": counts.errors.corrupt,
            "foreign": counts.errors.foreign,
        },
        "truths": {
            "read": truths.count + truths.duplicate,
            "duplicate": truths.duplicate,
            "unmatched": rows.unmatched,
            "shared": rows.shared,
            "corrupt": truths.errors.corrupt,
        },
        "files": {
            "captures": _files(counts.sources),
            "ground_truth": _files(rows.truth_files),
        },
    }


def _text(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None


def _files(files: Sequence[SourceFile]) -> list[dict[str, Any]]:
    return [each._asdict() for each in files]
