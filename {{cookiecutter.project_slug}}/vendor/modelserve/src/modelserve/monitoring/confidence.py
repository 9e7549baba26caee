"""A classifier's mean confidence: its expected accuracy, without any ground truth."""

from collections.abc import Mapping

from scipy import stats

from ..answers import CONFIDENCE
from ..bins import Bins, Shape
from ..manifest import Manifest
from .config import DriftBounds, QualityBounds
from .counts import FieldCounts
from .results.drift import Verdict
from .results.performance import Confidence


def compare_confidence(
    outputs: Mapping[str, FieldCounts],
    reference: Mapping[str, Shape],
    manifest: Manifest,
    quality: QualityBounds,
    drift: DriftBounds,
) -> Confidence | None:
    """Return the mean confidence beside training's, None if no confidence was captured.

    Args:
        outputs: counts by field.
        reference: the shapes of training's outputs.
        manifest: with training's mean confidence.
        quality: how far the mean may fall, and the significance.
        drift: the fewest rows to compare.

    Source: Guo et al. (2017), On calibration of modern neural networks.
    """
    if CONFIDENCE not in outputs or not outputs[CONFIDENCE].moments.count:
        return None
    moments = outputs[CONFIDENCE].moments
    training = manifest.metrics.get("mean_confidence")
    if training is None:
        return Confidence(moments.count, moments.mean, None, None, None, Verdict.INFORMATIVE)
    reference_rows = int(Bins(reference[CONFIDENCE]).reference.sum())
    # The reference holds no deviation; without drift, it is the observed one.
    error = moments.deviation * (1 / moments.count + 1 / reference_rows) ** 0.5
    below = moments.mean - training
    p = float(stats.norm.cdf(below / error)) if error else float(below >= 0)
    bound = training - quality.confidence_drop
    if moments.count < drift.minimum_rows:
        verdict = Verdict.TOO_FEW
    else:
        violated = moments.mean < bound and p < quality.significance
        verdict = Verdict.VIOLATION if violated else Verdict.OK
    half = float(stats.norm.isf(quality.significance)) * moments.deviation / moments.count**0.5
    interval = moments.mean - half, moments.mean + half
    return Confidence(moments.count, moments.mean, training, bound, p, verdict, interval)
