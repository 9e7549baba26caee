"""The differences of two models' metrics on the same rows, with intervals by a paired bootstrap."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..training.dataset import Dataset
from ..training.measures.bootstrap import LEVEL, MOST_UNDEFINED, Bounds, Weighted, choose, draw
from ..training.measures.intervals import MAX_CELLS, MAX_ROWS, weigh_labels, weigh_values
from ..training.measures.predictions import LabelPredictions, ValuePredictions

# A metric costs a call of the project's own function for each of these.
OWN_RESAMPLES, MAX_OWN_ROWS = 200, 2_000

Outputs = NDArray[np.float32]
OwnMetrics = Callable[[Dataset, Outputs], Mapping[str, float]]
Predictions = LabelPredictions | ValuePredictions


def paired_intervals(
    pair: tuple[Predictions, Predictions], differences: Mapping[str, float], *, seed: int
) -> dict[str, Bounds]:
    """Return the 95 % interval of each difference of the task's metrics.

    Each resample draws the same rows for both models: what is hard for both cancels out.

    Args:
        pair: of the served model and of the candidate, for the same rows.
        differences: on all rows, the candidate's metric minus the served model's.
        seed: of the resamples.

    Source: Efron & Tibshirani (1993), An introduction to the bootstrap, chapters 8 and 13.
    """
    total = len(pair[0].truth)
    most = MAX_ROWS
    if isinstance(pair[0], LabelPredictions):
        most = min(most, MAX_CELLS // len(pair[0].labels))
    chosen = choose(total, most, seed=seed)
    served, fresh = (_weighted(each, chosen, differences) for each in pair)

    def evaluate(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        one, other = served(weights), fresh(weights)
        return {name: other[name] - one[name] for name in differences if name in one}

    centres = evaluate(np.ones((1, len(chosen))))
    drawn = [evaluate(weights) for weights in draw(len(chosen), seed=seed)]
    scale = np.sqrt(len(chosen) / total)
    intervals = {}
    for name, centre in centres.items():
        values = np.concatenate([each[name] for each in drawn])
        if ends := percentiles(centre[0] + scale * (values - centre[0])):
            shift = differences[name] - centre[0]
            intervals[name] = ends[0] + shift, ends[1] + shift
    return intervals


def _weighted(
    given: Predictions, chosen: NDArray[np.int64], names: Mapping[str, float]
) -> Weighted:
    if isinstance(given, LabelPredictions):
        return partial(weigh_labels, given.take(chosen), names=names)
    return partial(weigh_values, given.take(chosen))


def own_intervals(
    metrics: OwnMetrics,
    dataset: Dataset,
    outputs: tuple[Outputs, Outputs],
    names: Iterable[str],
    *,
    seed: int,
) -> dict[str, Bounds]:
    """Return the 95 % interval of each difference of the project's own metrics.

    Args:
        metrics: of the project.
        dataset: the rows.
        outputs: of the served model and of the candidate, each of shape (rows, n_outputs).
        names: of the metrics; those that fail on too many resamples have no interval.
        seed: of the resamples.
    """
    wanted, total = list(names), len(dataset)
    if not wanted:
        return {}
    chosen = choose(total, MAX_OWN_ROWS, seed=seed)
    generator = np.random.default_rng(seed)
    drawn = np.full((OWN_RESAMPLES, len(wanted)), np.nan)
    for place in range(OWN_RESAMPLES):
        index = generator.choice(chosen, len(chosen))
        rows = dataset.take(index)
        try:
            served, fresh = (metrics(rows, each[index]) for each in outputs)
            drawn[place] = [fresh[name] - served[name] for name in wanted]
        except (ArithmeticError, KeyError, ValueError):  # such as for rows of one label
            continue
    scale = np.sqrt(len(chosen) / total)
    middles = np.ma.masked_invalid(drawn).mean(axis=0).filled(0.0)
    spread = middles + scale * (drawn - middles)
    found = zip(wanted, map(percentiles, spread.T), strict=True)
    return {name: ends for name, ends in found if ends}


def percentiles(values: NDArray[np.float64]) -> Bounds | None:
    """Return the ends of the middle 95 % of resampled values; None if too many are undefined."""
    defined = values[np.isfinite(values)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(values):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
