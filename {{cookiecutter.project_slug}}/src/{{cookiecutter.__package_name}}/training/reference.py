"""The shape of the training data, kept with the model: what production is compared with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import Feature


def histogram(values: NDArray[np.float32], *, bins: int) -> dict[str, list[float] | list[int]]:
    """Return disjoint bins that are about equally full, and how many values each holds.

    Args:
        values: of shape (rows,).
        bins: at most; fewer where values repeat.

    Returns:
        "edges", the inner bounds of shape (n_bins - 1,): bin i holds edges[i-1] < value <=
        edges[i], the outer bins are open; "counts" of shape (n_bins,).
    """
    quantiles = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    edges = np.unique(quantiles[quantiles < values.max()])
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def summarise(
    features: tuple[Feature, ...],
    X: NDArray[np.float32],
    answers: NDArray[np.float32],
    *,
    bins: int,
) -> dict[str, Any]:
    """Return the histograms of every feature and of every output.

    Args:
        features: in the order of the columns of `X`.
        X: the training rows, of shape (rows, n_features).
        answers: the model's answers to them, of shape (rows, n_outputs).
        bins: of each histogram, at most.
    """
    return {
        "rows": len(X),
        "features": {
            feature.name: histogram(X[:, i], bins=bins) for i, feature in enumerate(features)
        },
        "outputs": [histogram(column, bins=bins) for column in answers.T],
    }
