"""How equally the model serves the configured groups."""

from dataclasses import dataclass
from typing import Literal

from .drift import MAY_BE_CHANCE, Verdict

Measure = Literal["demographic_parity", "equalised_odds", "error_ratio"]


@dataclass(frozen=True)
class GroupMetric:
    """One group's accuracy, or of a regressor its mean absolute error.

    Args:
        group: its name.
        rows: with a ground truth.
        metric: "accuracy" or "mae".
        value: None without rows.
        compared: false for a group with too few rows.
    """

    group: str
    rows: int
    metric: str
    value: float | None
    compared: bool


@dataclass(frozen=True)
class FairnessGap:
    """The largest difference between two groups by one measure.

    Args:
        measure: "error_ratio" is a regressor's.
        value: the difference; of "error_ratio", the worst group's error over the best group's.
        bound: the largest value that is accepted.
        label: the one with the largest difference, None for a regressor.
        low: the group with the lowest rate, or error.
        high: the group with the highest.
        p: the probability of such a difference by chance (Bonferroni).
        verdict: VIOLATION if `value` exceeds `bound` and `p` is below the significance; TOO_FEW
            if fewer than two groups can be compared: then `value` is 0, or 1 for a ratio.
        uncompared: rates of this measure for which a group has too few rows, so that the largest
            difference may be theirs.
    """

    measure: Measure
    value: float
    bound: float
    label: str | None
    low: str | None
    high: str | None
    p: float | None
    verdict: Verdict
    uncompared: int = 0

    @property
    def chance(self) -> str:
        """Return "may be chance" if `value` exceeds `bound`, and chance explains it."""
        return MAY_BE_CHANCE if self.verdict is Verdict.OK and self.value > self.bound else ""


@dataclass(frozen=True)
class Fairness:
    """The configured groups, and the largest gap by each measure."""

    groups: tuple[GroupMetric, ...]
    gaps: tuple[FairnessGap, ...]
