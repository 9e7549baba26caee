"""A Prometheus registry whose metrics all have the labels `model` and `version`."""

import os
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, Summary, disable_created_metrics
from prometheus_client.exposition import generate_latest

from ..errors import ConfigurationError
from ..manifest import Manifest
from .metric_families import MODEL_LABELS, SHARED, AnyMetric, Exposition, MetricFamilies
from .shared_folder import remove_dead_gauges

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
    `model` and `version` separate versions that run side by side: no further label has these names.
    A name or labels that cannot be are a ConfigurationError.

    Args:
        manifest: the model's name and version.
        predecessor: of the model that this one is about to replace, in the same process; its series
            stay.
    """

    def __init__(self, manifest: Manifest, predecessor: "MetricsRegistry | None" = None) -> None:
        """Start empty."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # series without a use
        self._model = (manifest.name, manifest.version)
        self._updates: list[Callable[[], None]] = []
        self._names: set[str] = set()
        if predecessor is None and SHARED in os.environ:
            remove_dead_gauges(Path(os.environ[SHARED]))
        self._families: MetricFamilies = predecessor._families if predecessor else MetricFamilies()
        self.registry = self._families.registry
        if predecessor is None:
            self.activate()

    def activate(self) -> None:
        """Expose the series: from now on, the model is served."""
        self._families.activate(self._model, time_s=time.time())

    def discard(self) -> None:
        """Remove the series of a model that was not served after all."""
        self._families.discard(self._model)

    def counter(self, name: str, text: str, *labels: str) -> Callable[..., Counter]:
        """Create a counter.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
        """
        return partial(self._metric(Counter, name, text, labels).labels, *self._model)

    def gauge(self, name: str, text: str, *labels: str) -> Callable[..., Gauge]:
        """Create a gauge whose value is the same in every worker.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
        """
        metric = self._metric(Gauge, name, text, labels, multiprocess_mode="livemax")
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
        metric = self._metric(Distribution, name, text, labels, buckets=[*buckets])
        return partial(metric.labels, *self._model)

    def mean(self, name: str, text: str, *labels: str) -> Callable[..., Mean]:
        """Create a sum and a count.

        Args:
            name: of the metric, in lower case with underscores.
            text: what it counts, for /metrics.
            labels: names of further labels.
        """
        return partial(self._metric(Mean, name, text, labels).labels, *self._model)

    def before_exposing(self, update: Callable[[], None]) -> None:
        """Call a function before each exposition."""
        self._updates.append(update)

    def update(self) -> None:
        """Call what has to be called before an exposition."""
        for update in self._updates:
            update()

    def expose(self) -> bytes:
        """Return all metrics in the text format of Prometheus, of every worker."""
        self.update()
        return generate_latest(Exposition(self._families.collect(), self._model))

    def _metric(
        self,
        kind: Callable[..., AnyMetric],
        name: str,
        text: str,
        labels: Sequence[str],
        **options: Any,
    ) -> AnyMetric:
        if name in self._names:
            raise ConfigurationError(
                f"There is a metric {name} already; choose another name in service.py."
            )
        if len({*MODEL_LABELS, *labels}) < len(MODEL_LABELS) + len(labels):
            raise ConfigurationError(
                f"The metric {name} has the labels {', '.join(labels)}: choose each name once, and "
                "neither model nor version, which every metric has already."
            )
        self._names.add(name)
        try:
            return self._families.get(kind, name, text, labels, self._model, **options)
        except ValueError as error:
            raise ConfigurationError(f"The metric {name} cannot be made: {error}.") from error
