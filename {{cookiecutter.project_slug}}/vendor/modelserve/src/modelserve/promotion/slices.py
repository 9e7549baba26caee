"""Compare two models on each category, and on each range of a number."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..training.measures.bootstrap import LEVEL
from ..training.measures.intervals import SMALLEST
from ..training.measures.predictions import LabelPredictions, ValuePredictions
from .comparison import Better, SliceDifference, Verdict

FEWEST = 30  # rows of a slice
QUARTILES = [0.25, 0.5, 0.75]
MOST_VALUES = 4  # of a number that has a slice for each, not for each quartile
LONGEST = 40  # characters of a name

Values = NDArray[np.float64]


def row_metrics(given: LabelPredictions | ValuePredictions) -> dict[str, tuple[Better, Values]]:
    """Return the metrics that are means over rows, with the value of each row, by their names."""
    if isinstance(given, ValuePredictions):
        return {"mae": ("lower", given.errors)}
    of_truth = np.take_along_axis(given.shares, given.truth[:, None], axis=1)[:, 0]
    squares = ((given.shares - np.eye(len(given.labels))[given.truth]) ** 2).sum(axis=1)
    return {
        "log_loss": ("lower", -np.log(of_truth.clip(SMALLEST, 1))),
        "accuracy": ("higher", (given.truth == given.answers).astype(np.float64)),
        "brier_score": ("lower", squares / (2 if len(given.labels) == 2 else 1)),
    }


def compare_slices(
    fields: Mapping[str, NDArray[Any]],
    served: Values,
    fresh: Values,
    *,
    better: Better,
    tolerance: float,
) -> tuple[SliceDifference, ...]:
    """Return the difference on each slice, the worst for the candidate first.

    A slice is worse if its mean is, by more than the tolerance, and beyond chance: by a paired
    t-test at 5 %, corrected for the number of slices.

    Args:
        fields: values of shape (rows,) by name: numbers, or categories as objects.
        served: the served model's metric of each row, of shape (rows,).
        fresh: the candidate's, of shape (rows,).
        better: the metric's better direction.
        tolerance: by how much the mean may be worse.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    slices = [each for name, values in fields.items() for each in slice_field(name, values)]
    tested = [_test(name, rows, served, fresh) for name, rows in slices]
    adjusted = holm(np.array([each.p_value for each in tested]))
    sign = 1 if better == "lower" else -1

    def judge(each: SliceDifference, p_value: float) -> Verdict:
        loss = sign * each.difference
        if p_value >= 1 - LEVEL:
            return "as good"
        return "better" if loss < 0 else "worse" if loss > tolerance else "as good"

    judged = [
        SliceDifference(**vars(each) | {"p_value": float(p), "verdict": judge(each, p)})
        for each, p in zip(tested, adjusted, strict=True)
    ]
    return tuple(sorted(judged, key=lambda each: (-sign * each.difference, each.name)))


def slice_field(name: str, values: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the slices of one field that have enough rows, and not all: name and row numbers.

    Args:
        name: of the field.
        values: of shape (rows,); NaN or "" for a missing one.
    """
    if values.dtype == object:
        known, codes = np.unique(values.astype(str), return_inverse=True)
        names = [f"{each[:LONGEST]}" if each else "missing" for each in known.tolist()]
    else:
        codes, names = _bin(values.astype(np.float64))
    for code, text in enumerate(names):
        rows = np.flatnonzero(codes == code)
        if FEWEST <= len(rows) < len(values):
            yield f"{name[:LONGEST]} = {text}", rows


def _bin(values: Values) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of each value's bin, and the bins' names; the last is for missing ones."""
    missing = np.isnan(values)
    known = np.unique(values[~missing])
    if len(known) <= MOST_VALUES:
        edges, names = known, [f"{each:g}" for each in known]
    else:
        edges = np.unique(np.quantile(values[~missing], QUARTILES))
        ends = [f"{each:g}" for each in edges]
        between = [f"{low} to {high}" for low, high in pairwise(ends)]
        names = [f"up to {ends[0]}", *between, f"above {ends[-1]}"]
    codes = np.searchsorted(edges, values).astype(np.int64)
    codes[missing] = len(names)
    return codes, [*names, "missing"]


def _test(name: str, rows: NDArray[np.int64], served: Values, fresh: Values) -> SliceDifference:
    """Return the difference on some rows, with the interval and the p-value of a paired t-test."""
    one, other = served[rows], fresh[rows]
    differences, count = other - one, len(rows)
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    error = deviation / np.sqrt(count)
    if error > 0:
        p_value = float(2 * stats.t.sf(abs(mean) / error, count - 1))
    else:
        p_value = 0.0 if mean else 1.0
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1) * error)
    means = float(one.mean()), float(other.mean())
    return SliceDifference(name, count, *means, mean, mean - half, mean + half, p_value, "as good")


def holm(p_values: Values) -> Values:
    """Return p-values corrected for their number, of shape (n,)."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.maximum.accumulate(p_values[order] * factors).clip(max=1.0)
    result = np.empty_like(corrected)
    result[order] = corrected
    return result
