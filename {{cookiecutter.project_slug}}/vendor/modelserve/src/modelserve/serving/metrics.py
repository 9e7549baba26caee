"""Counts requests and the model's work: a few series, each with labels whose values are bounded."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..artifact import Manifest
from ..errors import RequestError
from ..monitoring.buckets import MODEL_SECONDS, REQUEST_SECONDS
from .metrics_registry import MetricsRegistry
from .observers import RequestObserver
from .problems import KINDS
from .request_context import RequestContext

OUT_OF_RANGE = "out-of-range"
UNUSUAL = frozenset(
    {OUT_OF_RANGE, *(kind for error, (_, kind) in KINDS.items() if issubclass(error, RequestError))}
)


class Metrics(RequestObserver):
    """The series of every service, whatever its model watches.

    Args:
        series: makes them.
        manifest: what is served, and what training said of it.
        consumers: whose unusual requests are counted from nought on.
        routes: on which predictions are asked for; their times are counted from nought on.
    """

    def __init__(
        self,
        series: MetricsRegistry,
        manifest: Manifest,
        consumers: Iterable[str],
        routes: Iterable[str] = (),
    ) -> None:
        """Register the series and set what never changes."""
        self._requests = series.counter(
            "http_requests",
            "Requests that were answered.",
            *("method", "route", "status", "consumer"),
        )
        self._durations = series.distribution(
            "http_request_duration_seconds",
            "From the request's first line to the response's last byte.",
            *("method", "route"),
            buckets=REQUEST_SECONDS,
        )
        for route in routes:
            self._durations("POST", route)
        self._unusual = series.counter(
            "http_unusual_requests",
            "Requests that were refused, or hold rows beyond what training saw.",
            *("reason", "consumer"),
        )
        for consumer in consumers:
            for reason in sorted(UNUSUAL):
                self._unusual(reason, consumer)
        self._model_seconds = series.distribution(
            "model_inference_seconds", "One call of the model.", buckets=MODEL_SECONDS
        )()
        self._rows = series.counter("model_rows", "Rows that the model was asked about.")()
        self._degraded = series.counter(
            "model_degraded", "Rows that the training prior answered."
        )()
        series.gauge("model_info", "Which model is served; always 1.", "task")(manifest.task).set(1)
        created = series.gauge("model_created_timestamp_seconds", "When training made the model.")
        created().set(manifest.created.timestamp())
        figure = series.gauge("model_training_metric", "What training measured.", "metric")
        for name, value in manifest.metrics.items():
            figure(name).set(value)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Count finished requests, their times, and the model's."""
        counts = Tally((each.method, each.route, each.status, each.consumer) for each in finished)
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
            self._degraded.inc(sum(each.rows for each in asked if each.degraded))
        refused = Tally((each.reason, each.consumer) for each in finished if each.reason in UNUSUAL)
        for kind, count in refused.items():
            self._unusual(*kind).inc(count)

    def count_out_of_range(self, consumers: Iterable[str]) -> None:
        """Count a request beyond what training saw for each consumer that is named."""
        for consumer, count in Tally(consumers).items():
            self._unusual(OUT_OF_RANGE, consumer).inc(count)
