"""One field's distribution in production beside the one in training."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Literal

from ...bins import MISSING, UNSEEN

MAY_BE_CHANCE = "may be chance"
Kind = Literal["input", "output"]


class Verdict(StrEnum):
    """The outcome of one check."""

    OK = "ok"
    VIOLATION = "violation"
    TOO_FEW = "too few rows"
    UNREAD = "not read"  # redacted, or not captured
    INFORMATIVE = "for information"  # has no threshold


@dataclass(frozen=True)
class NumericSummary:
    """The present values of a numeric field; `deviation` is the sample's standard deviation."""

    present: int
    mean: float
    deviation: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class FieldDrift:
    """One field's distribution beside the reference's, both over the same bins.

    Args:
        kind: whether the field is an input or an output of the model.
        field: its name.
        bins: their names, of shape (n_bins,); the last one is "(missing)".
        edges: the inner bounds of a number's bins, none for categories.
        reference: training rows in each bin, of shape (n_bins,); for outputs, rows that the model
            was not fitted to.
        observed: production rows in each bin, of shape (n_bins,).
        psi: population stability index, in nats.
        psi_critical: the value that `psi` stays below in 1 - significance of all windows without
            drift, over all fields of this kind together (Bonferroni).
        p: of Pearson's chi-square test that both are samples of one distribution.
        adjusted_p: the same after Holm's correction for all fields of this kind.
        ks: Kolmogorov-Smirnov distance over the bins, of numbers; a lower bound of the distance
            between the values.
        ks_p: its p-value; an upper bound.
        jensen_shannon: distance in base 2, from 0 to 1.
        out_of_range: rows below the minimum or above the maximum of training.
        numbers: of the observed values, None for categories and without values.
        verdict: VIOLATION if `psi` exceeds both the configured threshold and `psi_critical`.
        bound: the configured threshold of `psi`.
    """

    kind: Kind
    field: str
    bins: tuple[str, ...]
    edges: tuple[float, ...]
    reference: tuple[int, ...]
    observed: tuple[int, ...]
    psi: float
    psi_critical: float
    p: float
    adjusted_p: float
    ks: float | None
    ks_p: float | None
    jensen_shannon: float
    out_of_range: int
    numbers: NumericSummary | None
    verdict: Verdict
    bound: float = inf

    @property
    def chance(self) -> str:
        """Return "may be chance" if `psi` exceeds `bound`, and chance explains it."""
        return MAY_BE_CHANCE if self.verdict is Verdict.OK and self.psi > self.bound else ""

    @property
    def rows(self) -> int:
        """Return the number of observed rows."""
        return sum(self.observed)

    @property
    def missing_share(self) -> float:
        """Return the share of the observed rows in which the field is missing."""
        return share(self.observed[self.bins.index(MISSING)], self.rows)

    @property
    def reference_missing_share(self) -> float:
        """Return the share of the training rows in which the field is missing."""
        return share(self.reference[self.bins.index(MISSING)], sum(self.reference))

    @property
    def unseen_share(self) -> float | None:
        """Return the share of the observed rows with a category that is not in training's."""
        if UNSEEN not in self.bins:
            return None
        return share(self.observed[self.bins.index(UNSEEN)], self.rows)


def share(part: int, whole: int) -> float:
    """Return `part / whole`, 0 for an empty whole."""
    return part / whole if whole else 0.0
