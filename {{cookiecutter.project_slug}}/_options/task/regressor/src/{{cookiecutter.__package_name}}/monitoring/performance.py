"""How well a regressor's answers have turned out, beside training's figures."""

from collections.abc import Iterator
from math import sqrt

from scipy import stats

from ..artifact import Manifest
from .config import Quality
from .findings import CalibrationPoint, Metric, Outcomes, Performance, Verdict
from .moments import Moments
from .outcomes import OutcomeTally


def judge(
    tally: OutcomeTally, outcomes: Outcomes, manifest: Manifest, config: Quality
) -> Performance:
    """Return what the truths say, held to training's mean absolute error.

    Args:
        tally: of the answers that met a truth.
        outcomes: what became of the truths.
        manifest: holds training's figures.
        config: the bounds.
    """
    errors = sum(tally.errors, Moments())
    metrics: tuple[Metric, ...] = ()
    if errors.count:
        metrics = (_mean_error(errors, manifest, config), *_others(tally, manifest))
    points = (
        CalibrationPoint(int(rows), answers / rows, truths / rows)
        for rows, answers, truths in tally.steps.tolist()
        if rows
    )
    return Performance(outcomes, metrics, (), (), tuple(points))


def _mean_error(errors: Moments, manifest: Manifest, config: Quality) -> Metric:
    usual = manifest.metrics["mae"]
    ceiling = (1 + config.tolerance) * usual
    error = errors.deviation / sqrt(errors.count)
    p = (
        float(stats.norm.sf((errors.mean - ceiling) / error))
        if error
        else float(errors.mean <= ceiling)
    )
    if errors.count < config.minimum_outcomes:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.BREACHED if p < config.significance else Verdict.CALM
    return Metric("mae", errors.mean, usual, ceiling, p, verdict)


def _others(tally: OutcomeTally, manifest: Manifest) -> Iterator[Metric]:
    """Yield the figures that are held to no bound, as training measures them."""
    rows = tally.counted
    figures = {"rmse": sqrt(tally.squares / rows)}
    if tally.truths.squares:
        figures["r2"] = 1 - tally.squares / tally.truths.squares
    if tally.half_width is not None:
        figures["interval_coverage"] = tally.within / rows
    figures["overestimated_share"] = tally.over / rows
    for name, value in figures.items():
        training = manifest.metrics.get(name)
        yield Metric(name, value, training, None, None, Verdict.INFORMATIVE)
