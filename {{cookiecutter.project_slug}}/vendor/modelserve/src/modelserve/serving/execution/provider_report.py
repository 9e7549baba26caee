"""Says which requested execution providers do not run the model."""

import logging
from collections.abc import Sequence

from ...types import Model
from ..metrics_registry import MetricsRegistry
from ..runtime import CPU, OnnxModel

log = logging.getLogger(__name__)


def report_missing(model: Model, requested: Sequence[str], registry: MetricsRegistry) -> None:
    """Log and count each requested provider that does not run the model.

    Processors alone need no metric.

    Args:
        model: a graph; a model of the project's own is not known.
        requested: names of providers.
        registry: creates the metric.
    """
    asked = [each for each in requested if each != CPU]
    if not asked or not isinstance(model, OnnxModel):
        return
    count = registry.counter(
        "model_provider_fallbacks",
        "Processes in which a requested execution provider does not run the model.",
        "provider",
    )
    for name in asked:
        series = count(name)
        if name in model.missing:
            series.inc()
            log.warning(
                "execution provider not used",
                extra={
                    "provider": name,
                    "reason": model.missing[name],
                    "used": ",".join(model.providers),
                },
            )
