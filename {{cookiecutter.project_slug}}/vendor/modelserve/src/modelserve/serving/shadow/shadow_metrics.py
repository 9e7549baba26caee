"""Metrics of a challenger: how its outputs differ from the champion's, and what they cost."""

import numpy as np

from ...answers import decision_of, label_codes
from ...manifest import Manifest
from ...types import Outputs
from ..metrics_registry import MetricsRegistry

PROBABILITIES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
# Of a regressor's typical error.
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
REASONS = DEGRADED, DROPPED, FAILED = "degraded", "dropped", "failed"


class ShadowMetrics:
    """Counts the rows that a challenger answered, by its version.

    Args:
        registry: creates the metrics, with the champion's name and version.
        champion: the served model.
        challenger: is compared with it.
    """

    def __init__(self, registry: MetricsRegistry, champion: Manifest, challenger: Manifest) -> None:
        """Register the metrics, each at zero."""
        self._decisions = decision_of(champion), decision_of(challenger)
        self._classifies = bool(champion.labels)
        name, version = "challenger", challenger.version
        self._rows = registry.counter(
            "model_challenger_rows", "Rows of which both models' outputs were compared.", name
        )(version)
        if self._classifies:
            self._agreeing = registry.counter(
                "model_challenger_agreeing", "Rows to which both models gave the same label.", name
            )(version)
        self._differences = registry.distribution(
            "model_challenger_difference",
            "Largest difference of a row's probabilities."
            if self._classifies
            else "Absolute difference of a row's values.",
            name,
            buckets=PROBABILITIES if self._classifies else value_buckets(champion),
        )(version)
        self._seconds = registry.mean(
            "model_challenger_seconds", "Time of the challenger's calls, divided by rows.", name
        )(version)
        uncompared = registry.counter(
            "model_challenger_uncompared",
            "Rows that were sampled and not compared.",
            *(name, "reason"),
        )
        self._uncompared = {reason: uncompared(version, reason) for reason in REASONS}

    def compare(self, champion: Outputs, challenger: Outputs) -> None:
        """Count rows and their differences.

        Args:
            champion: outputs of shape (rows, n_outputs).
            challenger: outputs of the same shape.
        """
        self._rows.inc(len(champion))
        self._differences.observe_many(np.abs(champion - challenger).max(axis=1).tolist())
        if self._classifies:
            one, other = self._decisions
            same = label_codes(champion, one) == label_codes(challenger, other)
            self._agreeing.inc(int(np.count_nonzero(same)))

    def count_seconds(self, seconds: float, rows: int) -> None:
        """Count the time of a call for some rows."""
        self._seconds.observe_many([seconds / rows] * rows)

    def count_uncompared(self, reason: str, rows: int) -> None:
        """Count rows that were not compared, for one of REASONS."""
        if rows:
            self._uncompared[reason].inc(rows)


def set_paused(registry: MetricsRegistry, *, paused: bool) -> None:
    """Set the metric of a service with a challenger that says whether it is paused."""
    text = "1 while the challenger is paused: it cannot be compared with the served model."
    registry.gauge("model_challenger_paused", text)().set(paused)


def value_buckets(champion: Manifest) -> list[float]:
    """Return upper bounds for differences of a regressor's values, in the target's unit.

    They are shares of the error that training measured: a difference far below it is of no account.
    """
    typical = champion.metrics.get("mae") or abs(champion.fallback[0]) or 1.0
    return [float(f"{share * typical:.3g}") for share in SHARES]
