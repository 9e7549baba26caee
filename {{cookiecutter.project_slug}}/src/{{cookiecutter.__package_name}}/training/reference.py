"""The shape of the training data, kept with the model: what production is compared with."""

from collections.abc import Mapping
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


def tally(values: NDArray[np.object_]) -> Shape:
    """Return how often each category stands among values of shape (rows,), and "" for missing."""
    names, counts = np.unique(values[values != ""].astype(str), return_counts=True)
    return {
        "categories": names.tolist(),
        "counts": counts.tolist(),
        "missing": int((values == "").sum()),
    }


def summarise(
    observed: Mapping[str, NDArray[Any]], answers: NDArray[np.float32], *, bins: int
) -> Shape:
    """Return the shape of everything that is watched, and of every output.

    Args:
        observed: the training rows' values by name, each of shape (rows,): numbers, or objects
            for categories.
        answers: the model's answers to them, of shape (rows, n_outputs).
        bins: of each histogram, at most.
    """
    return {
        "rows": len(answers),
        "features": {
            name: tally(values) if values.dtype == object else histogram(values, bins=bins)
            for name, values in observed.items()
        },
        "outputs": [histogram(column, bins=bins) for column in answers.T],
    }
