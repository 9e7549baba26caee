"""Turns counts into a result: every figure is computed and compared with its threshold."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from ..manifest import Manifest
from . import violations
from .classifier.performance import classifier_performance
from .collection import CollectedData, References
from .confidence import compare_confidence
from .config import MonitoringConfig
from .drift import compare_fields
from .fairness import compare_groups
from .over_time import series_over_time
from .partitions import EPOCH
from .regressor.performance import regressor_performance
from .results.captures import CaptureSummary, ObservedWindow
from .results.fairness import Fairness
from .results.performance import FeedbackSummary, Performance
from .results.result import MonitoringResult

PERFORMANCE: dict[str, Any] = {
    "classifier": classifier_performance,
    "regressor": regressor_performance,
}


def evaluate(
    data: CollectedData, manifest: Manifest, reference: References, config: MonitoringConfig
) -> MonitoringResult:
    """Return the comparison of production with training.

    Args:
        data: the counts of at least one record.
        manifest: with training's metrics.
        reference: the shapes of training's "inputs" and "outputs", by field.
        config: the thresholds.
    """
    counts = data.counts
    window, captures = _window(data), _captures(data)
    fields = (
        *compare_fields("input", reference["inputs"], counts.inputs, config.drift),
        *compare_fields("output", reference["outputs"], counts.outputs, config.drift),
    )
    confidence = compare_confidence(
        counts.outputs, reference["outputs"], manifest, config.quality, config.drift
    )
    performance, fairness = _compare_outcomes(data, manifest, reference, config)
    return MonitoringResult(
        created=datetime.now(UTC).replace(microsecond=0),
        model=manifest.name,
        version=manifest.version,
        task=manifest.task,
        window=window,
        captures=captures,
        fields=fields,
        confidence=confidence,
        performance=performance,
        fairness=fairness,
        violations=(
            *chain.from_iterable(violations.of_field(each, config) for each in fields),
            *violations.of_degraded(captures, window, config),
            *violations.of_confidence(confidence),
            *violations.of_performance(performance),
            *violations.of_recall(performance),
            *violations.of_fairness(fairness),
        ),
        timeline=series_over_time(counts, reference, performance, config),
    )


def _window(data: CollectedData) -> ObservedWindow:
    window, counts = data.window, data.counts
    first, last = (EPOCH + timedelta(microseconds=us) for us in (counts.first_us, counts.last_us))
    return ObservedWindow(window.since, window.until, first, last, counts.records, counts.rows)


def _captures(data: CollectedData) -> CaptureSummary:
    counts, listing = data.counts, data.listing
    fields = {**counts.inputs, **counts.outputs}
    return CaptureSummary(
        files=len(listing.files),
        open_files=listing.open_files,
        corrupt=counts.errors.corrupt,
        foreign=counts.errors.foreign,
        rejected=counts.rejected,
        outside=counts.outside,
        duplicate=counts.duplicate,
        degraded=counts.degraded,
        line_errors=tuple(counts.errors.first),
        versions=dict(counts.versions),
        unread={name: each.unread for name, each in fields.items() if each.unread},
    )


def _compare_outcomes(
    data: CollectedData, manifest: Manifest, reference: References, config: MonitoringConfig
) -> tuple[Performance | None, Fairness | None]:
    """Return performance and fairness, None without ground truth, or without groups."""
    truths, counts = data.truths, data.counts
    if truths is None:
        return None, None
    feedback = FeedbackSummary(
        counted=counts.outcomes.counted,
        late=counts.outcomes.late,
        duplicate=truths.duplicate,
        unmatched=truths.count - counts.matched.count(),
        degraded=counts.degraded_matched,
        unknown_label=counts.outcomes.unknown_label,
        corrupt=truths.errors.corrupt,
        line_errors=tuple(truths.errors.first),
    )
    measure = PERFORMANCE[manifest.task]
    performance: Performance = measure(
        counts.outcomes, feedback, manifest, config.quality, reference["outputs"]
    )
    if not config.fairness.groups:
        return performance, None
    significance = config.quality.significance
    fairness = compare_groups(
        counts.outcomes, manifest.labels, config.fairness, significance=significance
    )
    return performance, fairness
