"""Each label's recall in production, beside training's: accuracy hides a label that collapses."""

from collections.abc import Sequence
from dataclasses import replace

from scipy import stats

from ...bins import Shape
from ..chance import proportion_interval
from ..config import QualityBounds
from ..results.drift import Verdict
from ..results.performance import LabelMetrics


def compare_recalls(
    labels: Sequence[LabelMetrics], shape: Shape, bounds: QualityBounds
) -> tuple[LabelMetrics, ...]:
    """Return the labels with a verdict on their recall, where training's is known.

    Args:
        labels: counts in the manifest's order.
        shape: of training's labels, with "actual" and "recalled" rows of shape (n_labels,); an
            artifact of an earlier version of the library has neither.
        bounds: how far recall may fall, and the fewest rows of a label.
    """
    if "actual" not in shape:
        return tuple(labels)
    tests = max(1, sum(each.actual >= bounds.minimum_outcomes for each in labels))
    pairs = zip(labels, shape["actual"], shape["recalled"], strict=True)
    return tuple(
        _compare(each, actual, recalled, bounds, tests=tests) if each.actual and actual else each
        for each, actual, recalled in pairs
    )


def _compare(
    label: LabelMetrics, actual: int, recalled: int, bounds: QualityBounds, *, tests: int
) -> LabelMetrics:
    """Return a label with its verdict; the more labels, the likelier one of them falls by chance.

    Source: Fisher (1922), On the interpretation of chi-square from contingency tables.
    """
    training = recalled / actual
    bound = (1 - bounds.tolerance) * training
    both_samples = label.actual + actual, label.both + recalled
    p = min(1.0, tests * float(stats.hypergeom.cdf(label.both, *both_samples, label.actual)))
    if label.actual < bounds.minimum_outcomes:
        verdict = Verdict.TOO_FEW
    else:
        below = label.both / label.actual < bound
        verdict = Verdict.VIOLATION if below and p < bounds.significance else Verdict.OK
    interval = proportion_interval(
        label.both, label.actual, significance=bounds.significance / tests
    )
    known = replace(label, training=training, training_rows=actual, bound=bound)
    return replace(known, p=p, verdict=verdict, interval=interval)
