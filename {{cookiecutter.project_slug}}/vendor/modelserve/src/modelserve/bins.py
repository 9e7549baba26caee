"""Disjoint bins into which every value of a field falls: what two samples are compared by."""

from collections.abc import Mapping
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING, UNSEEN = "(missing)", "(unseen)"

Shape = Mapping[str, Any]
Counts = NDArray[np.int64]


class Bins:
    """The bins of one field, as training has left them in `reference.json`.

    Numbers have bins that training filled about equally; categories have one each, and one for
    what training has not seen; the last bin is for what is missing.

    Args:
        shape: "edges" or "categories", with their "counts", and how many were "missing".
    """

    def __init__(self, shape: Shape) -> None:
        """Name the bins, and keep how many training values each one holds."""
        self._edges: NDArray[np.float32] | None = None
        self._codes: dict[str, int] = {}
        counts = list(shape["counts"])
        if "edges" in shape:
            # NaN, which is missing, stands behind infinity wherever numbers are sorted.
            self._edges = np.asarray([*shape["edges"], inf], dtype=np.float32)
            bounds = [-inf, *shape["edges"], inf]
            # Numbered, so that they stand in their order wherever they are sorted as text.
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
        """Return how many values fall into each bin, of shape (n_bins,).

        Args:
            values: of shape (rows,): numbers, NaN for what is missing; or categories as objects,
                "" for what is missing.
        """
        last = len(self.names) - 1
        if self._edges is None:
            known, unseen = self._codes, last - 1
            found = [last if name == "" else known.get(name, unseen) for name in values.tolist()]
            codes = np.asarray(found, dtype=np.intp)
        else:
            # As float32, like the edges: 5.1 is not more than 5.1.
            codes = self._edges.searchsorted(values.astype(np.float32, copy=False))
        return np.bincount(codes, minlength=last + 1)
