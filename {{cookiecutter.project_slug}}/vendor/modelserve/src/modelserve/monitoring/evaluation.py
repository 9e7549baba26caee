"""From counts to findings: everything is judged, and what is beyond its bounds is named."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np

from ..artifact import Manifest
from . import violations
from .classifier import fairness as classifier_fairness
from .classifier import performance as classifier_performance
from .confidence import expect
from .config import Config
from .drift import compare
from .evidence import CollectedData, References
from .findings import Fairness, FeedbackSummary, MonitoringResult, Performance, Read, Window
from .partitions import EPOCH
from .regressor import fairness as regressor_fairness
from .regressor import performance as regressor_performance

TASKS: dict[str, tuple[Any, Any]] = {
    "classifier": (classifier_performance, classifier_fairness),
    "regressor": (regressor_performance, regressor_fairness),
}


def evaluate(
    evidence: CollectedData, manifest: Manifest, reference: References, config: Config
) -> MonitoringResult:
    """Return what the counts say.

    Args:
        evidence: at least one record among it.
        manifest: holds training's figures.
        reference: the shapes of training's "inputs" and "outputs", by field.
        config: the bounds.
    """
    tally = evidence.tally
    window, read = _window(evidence), _read(evidence)
    shifts = (
        *compare("input", reference["inputs"], tally.inputs, config.drift),
        *compare("output", reference["outputs"], tally.outputs, config.drift),
    )
    confidence = expect(tally.outputs, reference["outputs"], manifest, config.quality, config.drift)
    judged, served = _judge_outcomes(evidence, manifest, config)
    return MonitoringResult(
        made=datetime.now(UTC).replace(microsecond=0),
        model=manifest.name,
        version=manifest.version,
        task=manifest.task,
        window=window,
        read=read,
        shifts=shifts,
        confidence=confidence,
        performance=judged,
        fairness=served,
        violations=(
            *chain.from_iterable(violations.of_shift(each, config) for each in shifts),
            *violations.of_degraded(read, window, config),
            *violations.of_confidence(confidence),
            *violations.of_performance(judged),
            *violations.of_fairness(served),
        ),
    )


def _window(evidence: CollectedData) -> Window:
    tally = evidence.tally
    first, last = (EPOCH + timedelta(microseconds=us) for us in (tally.first_us, tally.last_us))
    span = evidence.span
    return Window(span.since, span.until, first, last, tally.records, tally.rows)


def _read(evidence: CollectedData) -> Read:
    tally, listing = evidence.tally, evidence.listing
    fields = {**tally.inputs, **tally.outputs}
    return Read(
        files=len(listing.files),
        open_files=listing.open_files,
        corrupt=tally.faults.corrupt,
        foreign=tally.faults.foreign,
        refused=tally.refused,
        outside=tally.outside,
        degraded=tally.degraded,
        places=tuple(tally.faults.places),
        versions=dict(tally.versions),
        unread={name: each.unread for name, each in fields.items() if each.unread},
    )


def _judge_outcomes(
    evidence: CollectedData, manifest: Manifest, config: Config
) -> tuple[Performance | None, Fairness | None]:
    """Return performance and fairness, None without truths, or without groups."""
    truths, tally = evidence.truths, evidence.tally
    if truths is None:
        return None, None
    met = len(np.unique(np.concatenate([*tally.truths, np.empty(0, np.int64)])))
    outcomes = FeedbackSummary(
        counted=tally.outcomes.counted,
        late=tally.outcomes.late,
        duplicate=truths.duplicate,
        unmatched=len(truths.keys) - met,
        degraded=tally.degraded_truths,
        unknown_label=tally.outcomes.unknown_label,
        corrupt=truths.faults.corrupt,
        places=tuple(truths.faults.places),
    )
    performance, fairness = TASKS[manifest.task]
    judged = performance.evaluate(tally.outcomes, outcomes, manifest, config.quality)
    if not config.fairness.groups:
        return judged, None
    served = fairness.evaluate(
        tally.outcomes,
        manifest.labels,
        config.fairness.groups,
        config.fairness,
        significance=config.quality.significance,
    )
    return judged, served
