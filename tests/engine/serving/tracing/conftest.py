"""What the tests of tracing share: a collector in this process, and an environment without any."""

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

TIMEOUT_S = 10


class Span:
    """A span as the collector received it.

    Args:
        span: of OpenTelemetry's protocol.
        resource: the attributes of the service.
    """

    def __init__(self, span: Any, resource: dict[str, Any]) -> None:
        self.name: str = span.name
        self.trace_id: str = span.trace_id.hex()
        self.span_id: str = span.span_id.hex()
        self.parent_id: str = span.parent_span_id.hex()
        self.state: str = span.trace_state
        self.kind: int = span.kind
        self.failed: bool = span.status.code == 2
        self.start, self.end = span.start_time_unix_nano, span.end_time_unix_nano
        self.attributes = attributes_of(span)
        self.resource = resource


def attributes_of(holder: Any) -> dict[str, Any]:
    """Return attributes as Python has them."""
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in holder.attributes
    }


class Collector(ThreadingHTTPServer):
    """A collector of spans over HTTP.

    Args:
        status: of its answers.
    """

    daemon_threads = True

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.spans: list[Span] = []
        self.headers: list[str] = []
        self.tries = 0
        self.arrived = threading.Condition()

    @property
    def url(self) -> str:
        """Return the address, without a path."""
        return f"http://127.0.0.1:{self.server_port}"

    def wait(self, count: int) -> list[Span]:
        """Return the spans once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.spans) >= count, TIMEOUT_S), self.spans
            return [*self.spans]


class Handler(BaseHTTPRequestHandler):
    """Decodes what is exported."""

    server: Collector

    def do_POST(self) -> None:  # pylint: disable=invalid-name  # http.server's name
        """Keep the spans of a request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            raise ValueError("not compressed by default")
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(  # pylint: disable=no-member
            body
        )
        with self.server.arrived:
            self.server.tries += 1
            if self.server.status == 200:
                self.server.headers.append(self.path)
                for resource in request.resource_spans:
                    known = attributes_of(resource.resource)
                    for scope in resource.scope_spans:
                        self.server.spans += [Span(each, known) for each in scope.spans]
            self.server.arrived.notify_all()
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide OpenTelemetry's variables of this machine; export soon."""
    for name in [each for each in os.environ if each.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    # Of the exporter's own, for a collector that cannot be reached.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")


@pytest.fixture
def start_collector(
    listen: Callable[[BaseServer], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Collector]]:
    """Return a way to a collector, to which spans are exported from then on."""

    def start(**options: Any) -> Collector:
        collector = Collector(**options)
        listen(collector)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        return collector

    return start


@pytest.fixture
def collector(start_collector: Callable[..., Collector]) -> Collector:
    """Return a collector that accepts everything."""
    return start_collector()
