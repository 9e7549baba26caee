"""What Prometheus is told: a few series, each with labels whose values are bounded."""

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

from ..artifact import Manifest
from .exchange import Exchange

REQUEST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
MODEL_SECONDS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, *REQUEST_SECONDS[1:])


class Durations(Histogram):
    """A histogram that takes many observations at once, at a tenth of the price of each."""

    def observe_many(self, seconds: Sequence[float]) -> None:
        """Count observations in seconds."""
        self._sum.inc(sum(seconds))
        for bucket, count in Tally(bisect_left(self._upper_bounds, s) for s in seconds).items():
            self._buckets[bucket].inc(count)


class Metrics:
    """The service's series, in a registry of their own.

    Args:
        manifest: named by `model_info`.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Register the series and set what never changes."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # series that nobody reads
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests that were answered.",
            ["method", "route", "status", "consumer"],
            registry=self.registry,
        )
        self._durations = Durations(
            "http_request_duration_seconds",
            "From the request's first line to the response's last byte.",
            ["method", "route"],
            buckets=REQUEST_SECONDS,
            registry=self.registry,
        )
        self._model_seconds = Durations(
            "model_inference_seconds",
            "One call of the model.",
            buckets=MODEL_SECONDS,
            registry=self.registry,
        )
        self._rows = Counter(
            "model_rows", "Rows that the model was asked about.", registry=self.registry
        )
        self._degraded = Counter(
            "model_degraded", "Rows that the training prior answered.", registry=self.registry
        )
        Gauge(
            "model_info",
            "Which model is served; always 1.",
            ["name", "version", "task"],
            registry=self.registry,
        ).labels(manifest.name, manifest.version, manifest.task).set(1)

    def record(self, finished: Sequence[Exchange]) -> None:
        """Count finished requests, their times, and the model's."""
        counts = Tally((each.method, each.route, each.status, each.consumer) for each in finished)
        for labels, count in counts.items():
            self._requests.labels(*labels).inc(count)
        durations = defaultdict(list)
        for each in finished:
            durations[each.method, each.route].append(each.seconds)
        for (method, route), seconds in durations.items():
            self._durations.labels(method, route).observe_many(seconds)
        if asked := [each for each in finished if each.rows]:
            self._model_seconds.observe_many([each.model_seconds for each in asked])
            self._rows.inc(sum(each.rows for each in asked))
            self._degraded.inc(sum(each.rows for each in asked if each.degraded))

    def write(self) -> None:
        """Write nothing: Prometheus asks."""

    def expose(self) -> bytes:
        """Return the series in Prometheus' text format."""
        return generate_latest(self.registry)
