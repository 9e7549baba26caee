"""What a model measured on some rows."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

Intervals = Mapping[str, tuple[float, float]]
NONE: Mapping[str, Any] = MappingProxyType({})

Predictions = TypeVar("Predictions")
# A metric's value, or why it cannot be computed.
MetricFunction = Callable[[Predictions], float | str]


class Measurement(NamedTuple):
    """Metrics by name.

    Args:
        metrics: NaN for one that cannot be computed.
        reasons: why not.
        intervals: the lower and the upper end of each metric's 95 % confidence interval; none for a
            metric that resampling says nothing about.
    """

    metrics: dict[str, float]
    reasons: Mapping[str, str] = NONE
    intervals: Intervals = NONE


def compute(
    functions: Mapping[str, MetricFunction[Predictions]],
    names: Iterable[str],
    predictions: Predictions,
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the named metrics, and for each that is NaN why it is.

    Args:
        functions: by name.
        names: of the metrics to compute.
        predictions: of a model, with the truth of each row.
    """
    metrics, reasons = {}, {}
    for name in names:
        result = functions[name](predictions)
        if isinstance(result, str):
            metrics[name], reasons[name] = float("nan"), result
        else:
            metrics[name] = float(result)
    return metrics, reasons
