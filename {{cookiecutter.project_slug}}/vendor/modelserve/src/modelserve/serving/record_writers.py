"""Creates what writes captures and ground truth to files."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .. import environment
from ..errors import ConfigurationError
from ..manifest import Manifest
from ..settings import Settings
from .capture import Capture, check_redaction
from .metrics_registry import MetricsRegistry
from .rotating_writer import REASONS, Bounds, RecordCounter, RotatingWriter


def check_recording(settings: Settings, manifest: Manifest) -> None:
    """Check the settings of captures and ground truth before there are any.

    Raises:
        ConfigurationError: a field to redact is none of the model's, or a folder is a file.
    """
    check_redaction(settings, manifest)
    for field in ("capture_dir", "ground_truth_dir"):
        if (root := getattr(settings, field)) is None:
            continue
        folder = _folder(root, settings, manifest)
        for path in filter(_is_file, reversed((folder, *folder.parents))):
            name = environment.variable(field)
            raise ConfigurationError(
                f"{name} is {root}, but {path} is a file. Set {name} to a folder, which is created "
                "if it is missing, or unset it to keep no records."
            )


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
    return RotatingWriter(_folder(folder, settings, manifest), bounds, counter)


def make_captures(
    settings: Settings, manifest: Manifest, counter: RecordCounter
) -> Sequence[Capture]:
    """Return the observer that captures requests; none without a folder."""
    writer = make_writer(settings.capture_dir, settings, manifest, counter)
    return [Capture(writer, settings)] if writer else []


def _folder(root: Path, settings: Settings, manifest: Manifest) -> Path:
    """Return the parent of the hourly folders."""
    return root / manifest.name / settings.capture_variant


def _is_file(path: Path) -> bool:
    """Return whether a path exists and is no folder."""
    with suppress(OSError):
        return path.exists() and not path.is_dir()
    return False
