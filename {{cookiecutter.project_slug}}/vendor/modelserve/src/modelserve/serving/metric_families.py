"""The metrics of all versions that a process has served: they outlive a hot swap."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.samples import Sample

MODEL_LABELS = ("model", "version")
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # a folder with a file for each of several workers
LOADED = "model_loaded_timestamp_seconds"
RETIRED = 3  # versions beside the served one whose counters are exposed

ModelLabels = tuple[str, str]  # its name and version
AnyMetric = TypeVar("AnyMetric", bound=MetricWrapperBase)


class MetricFamilies:
    """Metrics by name, with series for each version."""

    def __init__(self) -> None:
        """Start empty."""
        self.registry = CollectorRegistry()
        self._metrics: dict[str, list[tuple[MetricWrapperBase, dict[str, Any]]]] = {}
        self._of_model: dict[tuple[str, ModelLabels], MetricWrapperBase] = {}
        self._loaded: dict[ModelLabels, float] = {}
        # Not a live gauge: it names the versions whose counters a worker has left that ended.
        self._loaded_at = Gauge(
            LOADED,
            "When a process last began to serve the model.",
            MODEL_LABELS,
            registry=self.registry,
            multiprocess_mode="max",
        )

    def get(
        self,
        kind: Callable[..., AnyMetric],
        name: str,
        text: str,
        labels: Iterable[str],
        model: ModelLabels,
        **options: Any,
    ) -> AnyMetric:
        """Return the metric of a name; models with other buckets have one of their own."""
        metric = self._of_model.get((name, model))
        if metric is None:
            metrics = self._metrics.setdefault(name, [])
            metric = next((each for each, given in metrics if given == options), None)
        if metric is None:
            registry = None if metrics else self.registry
            metric = kind(name, text, (*MODEL_LABELS, *labels), registry=registry, **options)
            metrics.append((metric, options))
        self._of_model[name, model] = metric
        return cast(AnyMetric, metric)

    def activate(self, model: ModelLabels, *, time_s: float) -> None:
        """Expose the series of a version; forget those of the version served longest ago."""
        self._loaded[model] = time_s
        self._loaded_at.labels(*model).set(time_s)
        for each in sorted(self._loaded, key=self._loaded.__getitem__)[: -RETIRED - 1]:
            del self._loaded[each]
            self.discard(each)

    def discard(self, model: ModelLabels) -> None:
        """Remove the series of a version that is not served.

        The files that workers share keep them; there they are only not exposed.
        """
        if model in self._loaded:
            return
        for key in [each for each in [*self._of_model] if each[1] == model]:
            del self._of_model[key]
        if SHARED in os.environ:
            return
        labels = dict(zip(MODEL_LABELS, model, strict=True))
        self._loaded_at.remove_by_labels(labels)
        used = {id(metric) for metric in [*self._of_model.values()]}
        for name, metrics in [*self._metrics.items()]:
            for metric, _ in metrics:
                metric.remove_by_labels(labels)
            # The first one is registered, and describes the family.
            self._metrics[name] = [*metrics[:1], *(m for m in metrics[1:] if id(m[0]) in used)]

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this process, or of every worker."""
        if SHARED in os.environ:
            yield from MultiProcessCollector.merge(_shared_files())  # type: ignore[no-untyped-call]
            return
        for family in self.registry.collect():
            for metric, _ in self._metrics.get(family.name, ())[1:]:
                for other in metric.collect():
                    family.samples.extend(other.samples)
            yield family


class Exposition:
    """What is exposed: all of the served version, and the counters of those before it.

    Args:
        families: of all versions.
        served: the served one.
    """

    def __init__(self, families: Iterable[Metric], served: ModelLabels) -> None:
        """Find out which versions were served last."""
        self._families = [*families]
        loaded = {
            _model_of(sample): sample.value
            for family in self._families
            if family.name == LOADED
            for sample in family.samples
        }
        latest = sorted(loaded, key=loaded.__getitem__)[-RETIRED - 1 :]
        self._served, self._counted = served, {served, *latest}

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        for family in self._families:
            kept = {self._served} if family.type == "gauge" else self._counted
            family.samples = [each for each in family.samples if self._exposes(each, kept)]
            yield family

    def _exposes(self, sample: Sample, kept: set[ModelLabels]) -> bool:
        model = _model_of(sample)
        return model[0] != self._served[0] or model in kept  # a project's own may be labelled so


def _shared_files() -> list[str]:
    """Return the files of all workers; one that a worker has just created is still empty."""
    found = []
    for path in Path(os.environ[SHARED]).glob("*.db"):
        with suppress(FileNotFoundError):  # of a live gauge, whose worker has ended
            if path.stat().st_size:
                found.append(str(path))
    return found


def _model_of(sample: Sample) -> ModelLabels:
    return sample.labels.get("model", ""), sample.labels.get("version", "")
