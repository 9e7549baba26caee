"""Confidence intervals by resampling the rows, in bounded time."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
LEVEL = 0.95
CHUNK = 500_000  # rows that are drawn at once
MOST_UNDEFINED = 0.05  # of the resamples, such as those without a positive row

# How often each row was drawn, of shape (resamples, rows).
Weights = NDArray[np.float64]
# Metrics by name, each of shape (resamples,).
Weighted = Callable[[Weights], Mapping[str, NDArray[np.float64]]]
Bounds = tuple[float, float]


def draw(rows: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[Weights]:
    """Yield how often each row is drawn in some resamples, of shape (n, rows)."""
    generator = np.random.default_rng(seed)
    step = max(CHUNK // rows, 1)
    for first in range(0, resamples, step):
        count = min(step, resamples - first)
        drawn = generator.integers(0, rows, (count, rows)) + rows * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * rows)
        yield counts.reshape(count, rows).astype(np.float64)


def choose(rows: int, most: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Return the indices of all rows, or of a random part of too many."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def bootstrap(
    evaluate: Weighted, metrics: Mapping[str, float], *, rows: int, of_rows: int
) -> dict[str, Bounds]:
    """Return the confidence interval of each metric: percentiles over resamples of the rows.

    Args:
        evaluate: returns the metrics of weighted rows.
        metrics: on all rows; those that `evaluate` does not return have no interval.
        rows: how many are resampled.
        of_rows: how many rows the metrics come from; the intervals of more rows are narrower by
            the root of the ratio.

    Returns:
        the lower and the upper end; none where all resamples agree, or too many are undefined.

    Source: Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 13.
    """
    if not rows:
        return {}
    centres = evaluate(np.ones((1, rows)))
    drawn = [evaluate(weights) for weights in draw(rows)]
    scale = np.sqrt(rows / of_rows)
    intervals = {}
    for name in metrics.keys() & centres.keys():
        if ends := _percentiles(np.concatenate([each[name] for each in drawn])):
            low, high = (metrics[name] + scale * (end - centres[name][0]) for end in ends)
            intervals[name] = float(low), float(high)
    return {name: intervals[name] for name in metrics if name in intervals}


def _percentiles(values: NDArray[np.float64]) -> Bounds | None:
    defined = values[np.isfinite(values)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(values):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return None if high - low < 1e-12 else (float(low), float(high))
