"""Makes Prometheus' series, all of which bear the model's name and version, and exposes them."""

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from functools import partial

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

from ..artifact import Manifest

OURS = ("model", "version")
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where several workers keep their series, one file each


class Distribution(Histogram):
    """A histogram that takes many observations at once, at a tenth of the price of each."""

    def observe_many(self, values: Sequence[float]) -> None:
        """Count observations."""
        self._sum.inc(sum(values))
        for bucket, count in Tally(bisect_left(self._upper_bounds, x) for x in values).items():
            self._buckets[bucket].inc(count)


class Mean(Summary):
    """A sum and a count, from which Prometheus makes a mean over any time."""

    def observe_many(self, values: Sequence[float]) -> None:
        """Count observations, none of them negative."""
        self._count.inc(len(values))
        self._sum.inc(sum(values))


class MetricsRegistry:
    """A registry of series.

    Each maker returns a function from the values of the further labels to the one series that
    bears them. Two versions of a model that run side by side stay apart by their labels, and so do
    this service's series from those of any other.

    Args:
        manifest: names the model and its version.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Hold nothing yet."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # series that nobody reads
        self.registry = CollectorRegistry()
        self._ours = (manifest.name, manifest.version)
        self._before: list[Callable[[], None]] = []

    def counter(self, name: str, text: str, *labels: str) -> Callable[..., Counter]:
        """Make counters."""
        made = Counter(name, text, (*OURS, *labels), registry=self.registry)
        return partial(made.labels, *self._ours)

    def gauge(self, name: str, text: str, *labels: str) -> Callable[..., Gauge]:
        """Make gauges of what is the same in every worker."""
        made = Gauge(name, text, (*OURS, *labels), registry=self.registry, multiprocess_mode="max")
        return partial(made.labels, *self._ours)

    def distribution(
        self, name: str, text: str, *labels: str, buckets: Sequence[float]
    ) -> Callable[..., Distribution]:
        """Make histograms with these upper bounds."""
        made = Distribution(name, text, (*OURS, *labels), registry=self.registry, buckets=buckets)
        return partial(made.labels, *self._ours)

    def mean(self, name: str, text: str, *labels: str) -> Callable[..., Mean]:
        """Make sums and counts."""
        made = Mean(name, text, (*OURS, *labels), registry=self.registry)
        return partial(made.labels, *self._ours)

    def before_exposing(self, settle: Callable[[], None]) -> None:
        """Have a function called each time before the series are read."""
        self._before.append(settle)

    def expose(self) -> bytes:
        """Return the series in Prometheus' text format: of all workers, where there are several."""
        for settle in self._before:
            settle()
        if SHARED not in os.environ:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)
