"""Whether a model is good enough to be served."""

from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigurationError
from .sections import Gate


class Verdict(NamedTuple):
    """One metric held against its bound; `bound` is a text such as ">= 0.9"."""

    metric: str
    value: float
    bound: str
    passed: bool

    @property
    def word(self) -> str:
        """Return the verdict in a word."""
        return "passed" if self.passed else "missed"


def judge(metrics: Mapping[str, float], gate: Gate) -> list[Verdict]:
    """Return a verdict a bound; a metric that is no number passes none.

    Raises:
        ConfigurationError: a bound names a metric that is not measured.
    """
    if unknown := sorted((gate.minimum.keys() | gate.maximum.keys()) - metrics.keys()):
        raise ConfigurationError(
            f"The gate names metrics that are not measured: {', '.join(unknown)}. "
            f"There are {', '.join(metrics)}."
        )
    return [
        Verdict(name, metrics[name], f">= {bound:g}", metrics[name] >= bound)
        for name, bound in gate.minimum.items()
    ] + [
        Verdict(name, metrics[name], f"<= {bound:g}", metrics[name] <= bound)
        for name, bound in gate.maximum.items()
    ]


def failures(verdicts: list[Verdict]) -> str:
    """Return the bounds that were missed as one text, empty when all were met."""
    return "; ".join(
        f"{each.metric} is {each.value:.4g}, should be {each.bound}"
        for each in verdicts
        if not each.passed
    )
