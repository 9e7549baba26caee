"""Compare metrics with the bounds of the gate."""

from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigurationError
from .measures.measurement import NONE
from .sections import Gate


class GateResult(NamedTuple):
    """One metric and whether it passes its bound, a text such as ">= 0.9".

    `reason` is why the metric cannot be computed, if it cannot.
    """

    metric: str
    value: float
    bound: str
    passed: bool
    reason: str = ""

    @property
    def word(self) -> str:
        """Return the verdict as a word."""
        return "passed" if self.passed else "missed"


def compare(
    metrics: Mapping[str, float], gate: Gate, reasons: Mapping[str, str] = NONE
) -> list[GateResult]:
    """Return a verdict for each bound; NaN passes none.

    Args:
        metrics: by name.
        gate: the bounds.
        reasons: why a metric is NaN.

    Raises:
        ConfigurationError: a bound names a metric that is not measured.
    """
    if unknown := sorted((gate.minimum.keys() | gate.maximum.keys()) - metrics.keys()):
        raise ConfigurationError(
            f"[gate] in config/training.toml names unknown metrics: {', '.join(unknown)}. "
            f"There are {', '.join(metrics)}. More are in vendor/modelserve/docs/metrics.md."
        )
    bounds = [
        (name, f">= {bound:g}", metrics[name] >= bound) for name, bound in gate.minimum.items()
    ]
    bounds += [
        (name, f"<= {bound:g}", metrics[name] <= bound) for name, bound in gate.maximum.items()
    ]
    return [
        GateResult(name, metrics[name], bound, passed, reasons.get(name, ""))
        for name, bound, passed in bounds
    ]


def failures(results: list[GateResult]) -> str:
    """Return the missed bounds as one text, empty if all passed."""
    return "; ".join(
        f"{each.metric} is {each.value:.4g}{f' ({each.reason})' if each.reason else ''}, "
        f"should be {each.bound}"
        for each in results
        if not each.passed
    )
