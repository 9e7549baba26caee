"""Metrics of the queue in front of a model that runs in threads."""

from ...monitoring.buckets import REQUEST_SECONDS
from ..metrics_registry import MetricsRegistry

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class BatchMetrics:
    """Counts calls, waiting requests, and those that were refused.

    Args:
        registry: creates the metrics.
    """

    def __init__(self, registry: MetricsRegistry) -> None:
        """Register the metrics."""
        self.rows = registry.distribution(
            "model_batch_rows", "Rows of one call of the model.", buckets=ROWS
        )()
        self.waits = registry.distribution(
            "model_queue_seconds",
            "From a request's arrival at the queue to the beginning of its call.",
            buckets=REQUEST_SECONDS,
        )()
        self.queued = registry.gauge("model_queued_requests", "Requests that wait for the model.")()
        self.shed = registry.counter(
            "model_shed", "Requests that were refused, for they would have waited too long."
        )()
        self.queued.set(0)
