"""Summarise the training data: the reference that drift is measured against."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Decision, label_codes, label_of

Summary = dict[str, Any]

# Of the bin of a constant, relative and absolute: wider than answers are rounded.
MARGIN, LEAST_MARGIN = 1e-3, 2e-6


def histogram(values: NDArray[np.float32], *, bins: int) -> Summary:
    """Return about equally full bins, and the count of values in each.

    Args:
        values: of shape (rows,); NaN is a missing value.
        bins: the largest number of bins; there are fewer where values repeat. A constant has
            three: below it, its own, and above it.

    Returns:
        "edges", the inner bounds of shape (n_bins - 1,): bin i holds edges[i-1] < value <=
        edges[i], the outer bins are open; "counts" of shape (n_bins,);
        "missing", the number of missing values.
    """
    missing = np.isnan(values)
    values = values[~missing]
    quantiles = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    edges = np.unique(quantiles[quantiles < values.max()])
    if edges.size == 0:  # nearly all values are the largest one: others would share its bin
        edges = _around_largest(values)
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "missing": int(missing.sum()),
    }


def _around_largest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the bounds of the bin of the largest value; of a constant, one on each side."""
    largest = values.max()
    others = values[values < largest]
    if others.size:
        return np.asarray([others.max()])
    margin = max(abs(largest) * MARGIN, LEAST_MARGIN)
    return np.asarray([largest - margin, largest + margin], dtype=np.float32)


def tally(values: NDArray[np.object_], *, known: Sequence[str] = ()) -> Summary:
    """Return the count of each category.

    Args:
        values: categories as objects, of shape (rows,); "" is a missing value.
        known: all categories in their order; by default, those among the values.
    """
    names = list(known) or sorted({str(value) for value in values} - {""})
    return {
        "categories": names,
        "counts": [int((values == name).sum()) for name in names],
        "missing": int((values == "").sum()),
    }


def label_hits(
    target: Sequence[Any],
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    decision: Decision | None = None,
) -> Summary:
    """Return how often a classifier recognised each label.

    Args:
        target: the true label of each row.
        outputs: probabilities of shape (rows, n_labels).
        labels: in the order of the columns.
        decision: which of two labels is the answer, if not the most probable one.

    Returns:
        "actual", the rows with each label, of shape (n_labels,); and "recalled", those of them
        that were predicted as it, of shape (n_labels,).
    """
    truth = np.array([label_of(value) for value in target], dtype=object)
    guess = np.array(labels, dtype=object)[label_codes(outputs, decision)]
    return {
        "actual": [int((truth == label).sum()) for label in labels],
        "recalled": [int(((truth == label) & (guess == label)).sum()) for label in labels],
    }


def summarise(
    inputs: Mapping[str, NDArray[Any]],
    outputs: Mapping[str, NDArray[Any]],
    labels: Sequence[str],
    *,
    bins: int,
) -> Summary:
    """Return the summaries of all monitored inputs and outputs.

    Args:
        inputs: the training rows' values by name, each of shape (rows,): numbers, or objects for
            categories.
        outputs: of rows that the model was not fitted to, on which it is less confident.
        labels: the categories of a label.
        bins: the largest number of bins of a histogram.
    """
    return {
        "inputs": {name: _summarise_field(values, (), bins) for name, values in inputs.items()},
        "outputs": {
            name: _summarise_field(values, labels, bins) for name, values in outputs.items()
        },
    }


def _summarise_field(values: NDArray[Any], known: Sequence[str], bins: int) -> Summary:
    if values.dtype == object:
        return tally(values, known=known)
    return histogram(values, bins=bins)
