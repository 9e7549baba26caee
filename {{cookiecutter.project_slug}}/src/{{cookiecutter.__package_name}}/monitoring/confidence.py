"""How sure a classifier is: the accuracy to expect of it, before any truth is known."""

from collections.abc import Mapping

from scipy import stats

from ..artifact import Manifest
from ..bins import Bins, Shape
from .config import Drift, Quality
from .findings import Confidence, Verdict
from .tally import FieldTally

CONFIDENCE = "confidence"


def expect(
    outputs: Mapping[str, FieldTally],
    reference: Mapping[str, Shape],
    manifest: Manifest,
    quality: Quality,
    drift: Drift,
) -> Confidence | None:
    """Return how sure the model was, None where no answer tells it, as of a regressor.

    Args:
        outputs: what was counted of the answers.
        reference: the answers' to the rows that training held back.
        manifest: holds training's mean confidence.
        quality: says how far the mean may fall.
        drift: says how many rows it takes.

    Source: Guo et al. (2017), On calibration of modern neural networks.
    """
    if CONFIDENCE not in outputs or not outputs[CONFIDENCE].moments.count:
        return None
    found = outputs[CONFIDENCE].moments
    usual = manifest.metrics.get("mean_confidence")
    if usual is None:
        return Confidence(found.count, found.mean, None, None, None, Verdict.INFORMATIVE)
    held_back = int(Bins(reference[CONFIDENCE]).reference.sum())
    # Training keeps no spread of its own; without a shift, it is this one.
    error = found.deviation * (1 / found.count + 1 / held_back) ** 0.5
    p = float(stats.norm.cdf((found.mean - usual) / error)) if error else float(found.mean >= usual)
    bound = usual - quality.confidence_drop
    if found.count < drift.minimum_rows:
        verdict = Verdict.TOO_FEW
    else:
        beyond = found.mean < bound and p < quality.significance
        verdict = Verdict.BREACHED if beyond else Verdict.CALM
    return Confidence(found.count, found.mean, usual, bound, p, verdict)
