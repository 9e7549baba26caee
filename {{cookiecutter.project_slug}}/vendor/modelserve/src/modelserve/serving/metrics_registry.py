"""A Prometheus registry whose metrics all have the labels `model` and `version`."""

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ..manifest import Manifest
from .shared_folder import remove_dead_gauges

MODEL_LABELS = ("model", "version")
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # a folder with a file for each of several workers

# Private parts of prometheus_client: without them, each value is observed by itself.
HISTOGRAM = attrgetter("_sum", "_buckets", "_upper_bounds")
SUMMARY = attrgetter("_sum", "_count")


class Distribution(Histogram):
    """A histogram that takes many observations at once, at a tenth of the cost."""

    def observe_many(self, values: Sequence[float]) -> None:
        """Count observations."""
        try:
            total, buckets, bounds = HISTOGRAM(self)
        except AttributeError:
            for value in values:
                self.observe(value)
            return
        total.inc(sum(values))
        for bucket, count in Tally(bisect_left(bounds, value) for value in values).items():
            buckets[bucket].inc(count)


class Mean(Summary):
    """A sum and a count, for a mean over any time range."""

    def observe_many(self, values: Sequence[float]) -> None:
        """Count observations, none of them negative."""
        try:
            total, number = SUMMARY(self)
        except AttributeError:
            for value in values:
                self.observe(value)
            return
        total.inc(sum(values))
        number.inc(len(values))


class MetricsRegistry:
    """A registry of metrics.

    Each method returns a function from the values of the further labels to one series. The labels
    `model` and `version` separate versions that run side by side.

    Args:
        manifest: the model's name and version.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Start empty."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # series without a use
        if SHARED in os.environ:
            remove_dead_gauges(Path(os.environ[SHARED]))
        self.registry = CollectorRegistry()
        self._model = (manifest.name, manifest.version)
        self._updates: list[Callable[[], None]] = []

    def counter(self, name: str, text: str, *labels: str) -> Callable[..., Counter]:
        """Create a counter.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
        """
        metric = Counter(name, text, (*MODEL_LABELS, *labels), registry=self.registry)
        return partial(metric.labels, *self._model)

    def gauge(self, name: str, text: str, *labels: str) -> Callable[..., Gauge]:
        """Create a gauge whose value is the same in every worker.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
        """
        metric = Gauge(
            name,
            text,
            (*MODEL_LABELS, *labels),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        return partial(metric.labels, *self._model)

    def distribution(
        self, name: str, text: str, *labels: str, buckets: Sequence[float]
    ) -> Callable[..., Distribution]:
        """Create a histogram.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
            buckets: upper bounds, ascending.
        """
        metric = Distribution(
            name, text, (*MODEL_LABELS, *labels), registry=self.registry, buckets=buckets
        )
        return partial(metric.labels, *self._model)

    def mean(self, name: str, text: str, *labels: str) -> Callable[..., Mean]:
        """Create a sum and a count.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
        """
        metric = Mean(name, text, (*MODEL_LABELS, *labels), registry=self.registry)
        return partial(metric.labels, *self._model)

    def before_exposing(self, update: Callable[[], None]) -> None:
        """Call a function before each exposition."""
        self._updates.append(update)

    def expose(self) -> bytes:
        """Return all metrics in the text format of Prometheus, of every worker."""
        for update in self._updates:
            update()
        if SHARED not in os.environ:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)
