"""Compare metrics with the bounds of the gate."""

from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigurationError
from .sections import Gate


class GateResult(NamedTuple):
    """One metric and whether it passes its bound, a text such as ">= 0.9"."""

    metric: str
    value: float
    bound: str
    passed: bool

    @property
    def word(self) -> str:
        """Return the verdict as a word."""
        return "passed" if self.passed else "missed"


def compare(metrics: Mapping[str, float], gate: Gate) -> list[GateResult]:
    """Return a verdict for each bound; NaN passes none.

    Raises:
        ConfigurationError: a bound names a metric that is not measured.
    """
    if unknown := sorted((gate.minimum.keys() | gate.maximum.keys()) - metrics.keys()):
        raise ConfigurationError(
            f"[gate] in config/training.toml names unknown metrics: {', '.join(unknown)}. "
            f"There are {', '.join(metrics)}."
        )
    return [
        GateResult(name, metrics[name], f">= {bound:g}", metrics[name] >= bound)
        for name, bound in gate.minimum.items()
    ] + [
        GateResult(name, metrics[name], f"<= {bound:g}", metrics[name] <= bound)
        for name, bound in gate.maximum.items()
    ]


def failures(results: list[GateResult]) -> str:
    """Return the missed bounds as one text, empty if all passed."""
    return "; ".join(
        f"{each.metric} is {each.value:.4g}, should be {each.bound}"
        for each in results
        if not each.passed
    )
