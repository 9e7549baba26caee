"""A regressor's metrics in production, beside training's."""

from collections.abc import Iterator, Mapping
from math import sqrt

from scipy import stats

from ...bins import Shape
from ...manifest import Manifest
from ..config import QualityBounds
from ..counts import Moments
from ..exact import array_from_units, from_units
from ..results.drift import Verdict
from ..results.performance import CalibrationPoint, FeedbackSummary, Metric, Performance
from .outcomes import ErrorSums


def regressor_performance(
    sums: ErrorSums,
    feedback: FeedbackSummary,
    manifest: Manifest,
    bounds: QualityBounds,
    outputs: Mapping[str, Shape],
) -> Performance:
    """Return the metrics; the mean absolute error has a threshold, relative to training's.

    Args:
        sums: over predictions with a ground truth.
        feedback: how many ground truths there are.
        manifest: with training's metrics.
        bounds: how far the error may rise.
        outputs: unused.
    """
    del outputs
    errors = sum(sums.errors, Moments())
    metrics: tuple[Metric, ...] = ()
    if errors.count:
        metrics = (_mean_error(errors, manifest, bounds), *_without_threshold(sums, manifest))
    points = (
        CalibrationPoint(int(rows), predicted / rows, actual / rows)
        for rows, predicted, actual in array_from_units(sums.steps).tolist()
        if rows
    )
    return Performance(feedback, metrics, (), (), tuple(points))


def _mean_error(errors: Moments, manifest: Manifest, bounds: QualityBounds) -> Metric:
    training = manifest.metrics["mae"]
    ceiling = (1 + bounds.tolerance) * training
    error = errors.deviation / sqrt(errors.count)
    p = (
        float(stats.norm.sf((errors.mean - ceiling) / error))
        if error
        else float(errors.mean <= ceiling)
    )
    if errors.count < bounds.minimum_outcomes:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.VIOLATION if p < bounds.significance else Verdict.OK
    half = float(stats.norm.isf(bounds.significance)) * error
    interval = errors.mean - half, errors.mean + half
    return Metric("mae", errors.mean, training, ceiling, p, verdict, interval)


def _without_threshold(sums: ErrorSums, manifest: Manifest) -> Iterator[Metric]:
    """Yield the metrics without a threshold, as training measures them."""
    rows = sums.counted
    values = {"rmse": sqrt(from_units(sums.squares, rows))}
    if of_truths := sums.truths.squares:
        values["r2"] = 1 - from_units(sums.squares) / of_truths
    if sums.half_width is not None:
        values["interval_coverage"] = sums.within / rows
    values["overestimated_share"] = sums.over / rows
    for name, value in values.items():
        training = manifest.metrics.get(name)
        yield Metric(name, value, training, None, None, Verdict.INFORMATIVE)
