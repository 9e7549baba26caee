"""Metrics of requests and of the model; the values of every label are bounded."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from ..errors import RequestError
from ..manifest import Manifest
from ..monitoring.buckets import MODEL_SECONDS, REQUEST_SECONDS
from .metrics_registry import MetricsRegistry
from .observers import RequestObserver
from .problems import KINDS
from .request_context import RequestContext

REQUEST = attrgetter("method", "route", "status", "consumer")
OUT_OF_RANGE = "out-of-range"
REJECTED = frozenset(
    {OUT_OF_RANGE, *(kind for error, (_, kind) in KINDS.items() if issubclass(error, RequestError))}
)


class Metrics(RequestObserver):
    """The metrics that do not depend on the model's fields.

    Args:
        registry: creates them.
        manifest: of the served model.
        consumers: whose rejected requests are counted from zero.
        routes: of predictions, whose durations are counted from zero.
    """

    def __init__(
        self,
        registry: MetricsRegistry,
        manifest: Manifest,
        consumers: Iterable[str],
        routes: Iterable[str] = (),
    ) -> None:
        """Register the metrics, and set the constant ones."""
        self._requests = registry.counter(
            "http_requests",
            "Requests that were answered.",
            *("method", "route", "status", "consumer"),
        )
        self._durations = registry.distribution(
            "http_request_duration_seconds",
            "From the request's first line to the response's last byte.",
            *("method", "route"),
            buckets=REQUEST_SECONDS,
        )
        for route in routes:
            self._durations("POST", route)
        self._rejected = registry.counter(
            "http_unusual_requests",
            "Requests that were refused, or hold rows beyond what training saw.",
            *("reason", "consumer"),
        )
        for consumer in consumers:
            for reason in sorted(REJECTED):
                self._rejected(reason, consumer)
        self._model_seconds = registry.distribution(
            "model_inference_seconds", "One call of the model.", buckets=MODEL_SECONDS
        )()
        self._rows = registry.counter("model_rows", "Rows of requests that were answered.")()
        self._degraded = registry.counter(
            "model_degraded", "Rows that the training prior answered."
        )()
        registry.gauge("model_info", "Which model is served; always 1.", "task")(manifest.task).set(
            1
        )
        created = registry.gauge("model_created_timestamp_seconds", "When training made the model.")
        created().set(manifest.created.timestamp())
        metric = registry.gauge("model_training_metric", "What training measured.", "metric")
        for name, value in manifest.metrics.items():
            metric(name).set(value)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Count finished requests, their times, and the model's."""
        counts = Tally(map(REQUEST, finished))
        for request, count in counts.items():
            self._requests(*request).inc(count)
        durations = defaultdict(list)
        for each in finished:
            durations[each.method, each.route].append(each.seconds)
        for route, seconds in durations.items():
            self._durations(*route).observe_many(seconds)
        if asked := [each for each in finished if each.rows]:
            self._model_seconds.observe_many([each.model_seconds for each in asked])
            self._rows.inc(sum(each.rows for each in asked))
            self._degraded.inc(sum(_fallback_rows(each) for each in asked if each.degraded))
        rejected = Tally(
            (each.reason, each.consumer)
            for each in finished
            if each.reason and each.reason in REJECTED
        )
        for kind, count in rejected.items():
            self._rejected(*kind).inc(count)

    def count_out_of_range(self, consumers: Iterable[str]) -> None:
        """Count a request with rows out of range for each named consumer."""
        for consumer, count in Tally(consumers).items():
            self._rejected(OUT_OF_RANGE, consumer).inc(count)


def _fallback_rows(degraded: RequestContext) -> int:
    """Return how many rows of a degraded request the fallback answered."""
    invalid = degraded.prediction.invalid if degraded.prediction else ()
    return len(invalid) or degraded.rows
