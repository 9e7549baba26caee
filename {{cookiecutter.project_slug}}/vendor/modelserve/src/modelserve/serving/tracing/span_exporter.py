"""The only module that knows OpenTelemetry: makes spans of finished requests and exports them."""

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from ...manifest import Manifest
from ..observers import PATIENCE_S, RequestObserver
from ..request_context import RequestContext
from .request_span import RequestSpan, new_id

SCOPE = InstrumentationScope("modelserve")
UNNAMED = "unknown_service"  # OpenTelemetry's name of a service that has none
LOG_INTERVAL_S = 60.0
LONGEST = 300  # characters of a reason
CREDENTIALS = re.compile(r"(?<=//)[^/?\s]*@|\?[^\s'\")]*")  # in an address: a password, a query

log = logging.getLogger(__name__)

Attribute = str | bool | int | float


class SpanObserver(RequestObserver):
    """Exports the spans of sampled requests: a server span, with `decode`, `model` and `encode`.

    They are made once the request is answered. OpenTelemetry's processor queues them, up to
    OTEL_BSP_MAX_QUEUE_SIZE, and exports batches in a thread of its own.

    Args:
        exporter: sends spans to a collector.
        resource: describes the service.
        manifest: of the served model.
    """

    def __init__(self, exporter: SpanExporter, resource: Resource, manifest: Manifest) -> None:
        """Start the processor's thread."""
        self._resource = resource
        self._model: dict[str, Attribute] = {
            "modelserve.model.name": manifest.name,
            "modelserve.model.version": manifest.version,
        }
        self._processor = BatchSpanProcessor(exporter)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Queue the spans of the sampled requests."""
        for each in finished:
            if each.span:
                for span in self._spans(each, each.span):
                    self._processor.on_end(span)

    def close(self) -> None:
        """Export what is queued, unless the collector takes too long."""
        # The processor itself would wait for half a minute.
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        closing.join(timeout=PATIENCE_S)

    def _spans(self, finished: RequestContext, own: RequestSpan) -> Iterator[ReadableSpan]:
        """Yield the span of a request, and those of its parts."""
        state = TraceState.from_header([own.state.decode("latin-1")]) if own.state else None
        server = _context(own.trace_id, own.span_id, state)
        parent = _context(own.trace_id, own.parent_id, state, remote=True)
        end = finished.started + finished.seconds
        # By the clock at the end, for spans of other processes are by theirs.
        epoch_ns = int(finished.time * 1e9) - int(end * 1e9)

        def make(
            name: str, start: float, end: float, failed: str, attributes: dict[str, Attribute]
        ) -> ReadableSpan:
            is_server = name == finished.route
            if failed:
                attributes["error.type"] = failed
            return ReadableSpan(
                f"{finished.method} {name}" if is_server else name,
                context=server if is_server else _context(own.trace_id, new_id(64), state),
                parent=(parent if own.parent_id else None) if is_server else server,
                resource=self._resource,
                attributes=attributes,
                kind=SpanKind.SERVER if is_server else SpanKind.INTERNAL,
                status=Status(StatusCode.ERROR) if failed else Status(),
                start_time=epoch_ns + int(start * 1e9),
                end_time=epoch_ns + int(end * 1e9),
                instrumentation_scope=SCOPE,
            )

        error = finished.error
        if own.decoding:
            failed = "" if own.decoded else error
            yield make("decode", own.decoding, own.decoded or end, failed, {})
        if own.decoded:
            failed = "" if own.encoding else error
            yield make("model", own.decoded, own.encoding or end, failed, _call_of(finished))
        if own.encoding:
            failed = "" if own.encoded else error
            yield make("encode", own.encoding, own.encoded or end, failed, {})
        failed = error if finished.status >= 500 else ""
        yield make(finished.route, finished.started, end, failed, self._describe(finished))

    def _describe(self, finished: RequestContext) -> dict[str, Attribute]:
        """Return the attributes of a request: what its log line has, and the model's."""
        attributes: dict[str, Attribute] = {
            "http.request.method": finished.method,
            "http.route": finished.route,
            "http.response.status_code": finished.status,
            "modelserve.consumer": finished.consumer,
            "modelserve.request_id": finished.request_id,
            "modelserve.inference_id": finished.inference_id,
            **self._model,
        }
        if finished.rows:
            attributes["modelserve.rows"] = finished.rows
            attributes["modelserve.degraded"] = finished.degraded
        if finished.error:
            attributes["error.type"] = finished.error
        return attributes


class MessageCollector(logging.Filter):
    """Keeps the last messages of OpenTelemetry's exporter, and lets none pass."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        super().__init__()
        self._kept = threading.local()  # after a hot swap, two models' exporters run side by side

    @property
    def messages(self) -> deque[str]:
        """Return this thread's messages: of a try that fails, and of the last one."""
        if not hasattr(self._kept, "messages"):
            self._kept.messages = deque(maxlen=2)
        messages: deque[str] = self._kept.messages
        return messages

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a message instead of logging it."""
        self.messages.append(record.getMessage())
        return False

    def install(self) -> None:
        """Collect what the exporter logs: a line for each try."""
        logger = logging.getLogger(OTLPSpanExporter.__module__)
        logger.setLevel(logging.WARNING)
        logger.addFilter(self)


collector = MessageCollector()


class QuietExporter(SpanExporter):
    """An exporter whose failures are logged once a minute, with the address and the reason.

    Args:
        exporter: sends spans, and logs every failure by itself.
        endpoint: the address to which it sends them.
    """

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        """Log at the first failure."""
        self._exporter = exporter
        self._endpoint = CREDENTIALS.sub("", endpoint)
        self._logged = -LOG_INTERVAL_S
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; a failure loses them."""
        collector.messages.clear()
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            if (now := time.monotonic()) - self._logged >= LOG_INTERVAL_S:
                self._logged = now
                reason = CREDENTIALS.sub("", " ".join(collector.messages))[:LONGEST]
                log.warning(
                    "spans not exported: the collector cannot be reached, or refuses them",
                    extra={"spans": self._lost, "endpoint": self._endpoint, "reason": reason},
                )
                self._lost = 0
        return result

    def shutdown(self) -> None:
        """Give up a try that is under way."""
        self._exporter.shutdown()


def make_exporter(manifest: Manifest, endpoint: str) -> SpanObserver:
    """Return the observer that exports spans as OpenTelemetry's standard variables say.

    Args:
        manifest: of the served model.
        endpoint: the address that the variables name, for messages.
    """
    # Their own lines, such as one for each `tracestate` that is none.
    for name in ("opentelemetry.exporter", "opentelemetry.trace.span"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    collector.install()
    resource = Resource({"service.version": manifest.version}).merge(Resource.create())
    if str(resource.attributes["service.name"]).startswith(UNNAMED):
        resource = resource.merge(Resource({"service.name": manifest.name}))
    return SpanObserver(QuietExporter(OTLPSpanExporter(), endpoint), resource, manifest)


def _context(
    trace_id: str, span_id: str, state: TraceState | None, *, remote: bool = False
) -> SpanContext:
    """Return the ids of a sampled span."""
    return SpanContext(
        int(trace_id, 16), int(span_id or "0", 16), remote, TraceFlags(TraceFlags.SAMPLED), state
    )


def _call_of(finished: RequestContext) -> dict[str, Attribute]:
    """Return the attributes of the model's call: its time without waiting, and who shared it."""
    requests, rows = finished.batch
    attributes: dict[str, Attribute] = {}
    if finished.model_seconds:
        attributes["modelserve.model.seconds"] = finished.model_seconds
    if requests:
        attributes |= {"modelserve.batch.requests": requests, "modelserve.batch.rows": rows}
    return attributes
