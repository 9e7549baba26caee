"""Creates what writes captures and ground truth to files."""

from collections.abc import Sequence
from pathlib import Path

from ..manifest import Manifest
from ..settings import Settings
from .capture import Capture
from .metrics_registry import MetricsRegistry
from .rotating_writer import REASONS, Bounds, RecordCounter, RotatingWriter


def count_captures(registry: MetricsRegistry) -> RecordCounter:
    """Return the counters of captured and dropped records."""
    kept = registry.counter("capture_records", "Records of captures and truths that were kept.")()
    dropped = registry.counter("capture_dropped", "Records that were not.", "reason")
    counters = {reason: dropped(reason) for reason in REASONS}
    return RecordCounter(kept.inc, lambda reason, count: counters[reason].inc(count))


def make_writer(
    folder: Path | None, settings: Settings, manifest: Manifest, counter: RecordCounter
) -> RotatingWriter | None:
    """Return a writer of records in SageMaker's folder layout; None without a folder."""
    if folder is None:
        return None
    bounds = Bounds(
        queue_records=settings.capture_queue_records,
        queue_bytes=settings.capture_queue_bytes,
        file_bytes=settings.capture_file_bytes,
        file_age_s=settings.capture_file_age_s,
    )
    return RotatingWriter(folder / manifest.name / settings.capture_variant, bounds, counter)


def make_captures(
    settings: Settings, manifest: Manifest, counter: RecordCounter
) -> Sequence[Capture]:
    """Return the observer that captures requests; none without a folder."""
    writer = make_writer(settings.capture_dir, settings, manifest, counter)
    return [Capture(writer, settings)] if writer else []
