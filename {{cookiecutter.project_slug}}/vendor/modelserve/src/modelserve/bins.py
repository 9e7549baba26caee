"""The bins by which a field's distribution in production is compared with training's."""

from collections.abc import Mapping
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.5  # rows, added to every bin on both sides: the log of an empty one is infinite

MISSING, UNSEEN = "(missing)", "(unseen)"

Shape = Mapping[str, Any]
Counts = NDArray[np.int64]


class Bins:
    """The bins of one field, as `reference.json` defines them.

    Numbers have bins with about equally many training rows; categories have one each, and one
    for categories that training has not seen; the last bin counts missing values.

    Args:
        shape: "edges" or "categories", with their "counts" and the number of "missing" values.
    """

    def __init__(self, shape: Shape) -> None:
        """Name the bins, and read training's counts."""
        self._edges: NDArray[np.float32] | None = None
        self._codes: dict[str, int] = {}
        counts = list(shape["counts"])
        if "edges" in shape:
            # NaN, for a missing value, sorts after infinity: it falls into the last bin.
            self._edges = np.asarray([*shape["edges"], inf], dtype=np.float32)
            bounds = [-inf, *shape["edges"], inf]
            # Numbered, so that the names sort in the order of the bins.
            names = [f"{i:02d} ({a:g}, {b:g}]" for i, (a, b) in enumerate(pairwise(bounds))]
        else:
            names = list(shape["categories"])
            self._codes = {name: i for i, name in enumerate(names)}
            names = [f"'{name}'" if name in (MISSING, UNSEEN) else name for name in names]
            names.append(UNSEEN)
            counts.append(0)
        self.names = (*names, MISSING)
        self.reference: Counts = np.asarray([*counts, shape["missing"]], dtype=np.int64)

    def count(self, values: NDArray[Any]) -> Counts:
        """Return the number of values in each bin, of shape (n_bins,).

        Args:
            values: of shape (rows,): numbers, NaN for a missing one; or categories as objects, ""
                for a missing one.
        """
        last = len(self.names) - 1
        if self._edges is None:
            unseen, places = last - 1, self._codes
            indices = [last if name == "" else places.get(name, unseen) for name in values.tolist()]
            codes = np.asarray(indices, dtype=np.intp)
        else:
            # As float32, like the edges: float64 5.1 exceeds float32 5.1.
            codes = self._edges.searchsorted(values.astype(np.float32, copy=False))
        return np.bincount(codes, minlength=last + 1)


def population_stability_index(reference: Counts, observed: Counts) -> float:
    """Return the PSI, in nats, by the same formula as Prometheus' rules.

    Bins that are empty on both sides are left out of the sum.

    Args:
        reference: counts of shape (n_bins,), training's.
        observed: counts of shape (n_bins,), production's.

    Raises:
        ValueError: the two do not have the same bins.

    Source: Yurdakul & Naranjo (2020), Statistical properties of the population stability index.
    """
    require_same_bins(reference, observed)
    p, q = (
        (counts + SMOOTHING) / (counts.sum() + SMOOTHING * len(counts))
        for counts in (reference, observed)
    )
    filled = (reference > 0) | (observed > 0)
    return float(((q - p) * np.log(q / p))[filled].sum())


def require_same_bins(reference: Counts, observed: Counts) -> None:
    """Raise if two histograms have different numbers of bins.

    Raises:
        ValueError: they have.
    """
    if reference.shape != observed.shape:
        raise ValueError(
            f"Both histograms need the same bins; they have {len(reference)} and {len(observed)}."
        )
