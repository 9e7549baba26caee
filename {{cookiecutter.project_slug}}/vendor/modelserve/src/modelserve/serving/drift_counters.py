"""Counts inputs and outputs by the bins of the reference, for drift rules in Prometheus."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter

from .. import answers
from ..artifact import REFERENCE, Artifact
from ..bins import Bins, Counts
from ..types import Outputs, Prediction
from .inputs import Inputs
from .metrics import Metrics
from .metrics_registry import MetricsRegistry
from .observers import RequestObserver
from .request_context import RequestContext


class Field:
    """The bins of one field, and the counts since the counters were last updated.

    Args:
        bins: the reference's.
        counter: returns a bin's counter by its name.
    """

    def __init__(self, bins: Bins, counter: Callable[[str], Counter]) -> None:
        """Create every counter at zero."""
        self._bins = bins
        self._counters = [counter(name) for name in bins.names]
        self._counts: Counts = np.zeros(len(bins.names), dtype=np.int64)

    def add(self, values: NDArray[Any]) -> None:
        """Count values of shape (rows,)."""
        self._counts += self._bins.count(values)

    def flush(self) -> None:
        """Add the counts to the counters."""
        for i in np.flatnonzero(self._counts):
            self._counters[i].inc(int(self._counts[i]))
        self._counts[:] = 0


class DriftCounters(RequestObserver):
    """Counts the fields of requests and predictions.

    NumPy counts a batch of requests at once, and the counters are updated ten times a second: to
    update a counter for each bin of each request would cost more than the model.

    Args:
        artifact: the model's, with its reference.
        inputs: returns the monitored values of a request, and the rows out of training's range.
        registry: creates the counters.
        metrics: counts requests with rows out of range, by consumer.
        detailed: whether every bin is counted, or only rows out of range.
    """

    def __init__(
        self,
        artifact: Artifact,
        inputs: Inputs,
        registry: MetricsRegistry,
        metrics: Metrics,
        *,
        detailed: bool,
    ) -> None:
        """Create every series, and set those of the reference."""
        self._inputs = inputs
        self._labels = artifact.manifest.labels
        self._decision = answers.decision_of(artifact.manifest)
        self._metrics = metrics
        self._lock = threading.Lock()
        reference = artifact.read_json(REFERENCE) if detailed else {"inputs": {}, "outputs": {}}
        labels = ("kind", "field", "bin")
        count = registry.counter("model_observations", "Rows by the bin they fall into.", *labels)
        kept = registry.gauge(
            "model_reference_observations", "The reference's rows by it.", *labels
        )
        self._fields: dict[str, dict[str, Field]] = {}
        for kind in ("input", "output"):
            bins = {name: Bins(shape) for name, shape in reference[f"{kind}s"].items()}
            self._fields[kind] = {
                name: Field(each, partial(count, kind, name)) for name, each in bins.items()
            }
            for name, each in bins.items():
                for bin_, rows in zip(each.names, each.reference, strict=True):
                    kept(kind, name, bin_).set(rows)
        self._means = {
            name: registry.mean(f"model_{name}", f"The answers' {name}, a row each.")()
            for name in answers.averaged(self._labels)
        }
        registry.before_exposing(self.write)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Count the rows of finished requests."""
        asked = [each for each in finished if each.given]
        if not asked:
            return
        observed = self._inputs.observe([each.given for each in asked if each.given])
        given = [
            _model_outputs(each.prediction)
            for each in asked
            if each.prediction and (each.prediction.invalid or not each.prediction.degraded)
        ]
        outputs = (
            answers.observe(np.concatenate(given), self._labels, self._decision) if given else {}
        )
        with self._lock:
            for fields, values in (
                (self._fields["input"], observed),
                (self._fields["output"], outputs),
            ):
                for name, field in fields.items() if values else ():
                    field.add(values[name])
            for name, mean in self._means.items() if outputs else ():
                mean.observe_many(outputs[name].tolist())
        out_of_range = self._inputs.out_of_range(observed)
        if out_of_range.any():
            of_request = np.repeat(np.arange(len(asked)), [each.rows for each in asked])
            hit = np.bincount(of_request[out_of_range], minlength=len(asked)) > 0
            self._metrics.count_out_of_range(each.consumer for each in compress(asked, hit))

    def write(self) -> None:
        """Update the counters."""
        with self._lock:
            for fields in self._fields.values():
                for field in fields.values():
                    field.flush()


def _model_outputs(prediction: Prediction) -> Outputs:
    """Return the outputs of the rows that the fallback did not answer."""
    return prediction.outputs[~prediction.by_fallback] if prediction.invalid else prediction.outputs
