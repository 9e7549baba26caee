"""The shape of the training data, kept with the model: what production is compared with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = dict[str, Any]


def histogram(values: NDArray[np.float32], *, bins: int) -> Shape:
    """Return disjoint bins that are about equally full, and how many values each holds.

    Args:
        values: of shape (rows,); NaN stands for what is missing.
        bins: at most; fewer where values repeat.

    Returns:
        "edges", the inner bounds of shape (n_bins - 1,): bin i holds edges[i-1] < value <=
        edges[i], the outer bins are open; "counts" of shape (n_bins,); "missing", how many.
    """
    missing = np.isnan(values)
    values = values[~missing]
    quantiles = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    edges = np.unique(quantiles[quantiles < values.max()])
    counts = np.bincount(np.searchsorted(edges, values, side="left"))
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "missing": int(missing.sum()),
    }


def tally(values: NDArray[np.object_], *, known: Sequence[str] = ()) -> Shape:
    """Return how often each category stands among values of shape (rows,), and "" for missing.

    Args:
        values: the categories, as objects.
        known: all that there may be, in their order; what stands among the values, if not given.
    """
    names = list(known) or sorted({str(value) for value in values} - {""})
    return {
        "categories": names,
        "counts": [int((values == name).sum()) for name in names],
        "missing": int((values == "").sum()),
    }


def summarise(
    inputs: Mapping[str, NDArray[Any]],
    outputs: Mapping[str, NDArray[Any]],
    labels: Sequence[str],
    *,
    bins: int,
) -> Shape:
    """Return the shape of everything that is watched.

    Args:
        inputs: the training rows' values by name, each of shape (rows,): numbers, or objects for
            categories.
        outputs: the same of the model's answers to rows that were held back, for it answers those
            that it was fitted to more surely than any other.
        labels: the only categories that an answer can have.
        bins: of each histogram, at most.
    """
    return {
        "inputs": {name: _shape(values, (), bins) for name, values in inputs.items()},
        "outputs": {name: _shape(values, labels, bins) for name, values in outputs.items()},
    }


def _shape(values: NDArray[Any], known: Sequence[str], bins: int) -> Shape:
    if values.dtype == object:
        return tally(values, known=known)
    return histogram(values, bins=bins)
