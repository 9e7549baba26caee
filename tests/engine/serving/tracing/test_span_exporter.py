"""A collector that fails costs a line a minute, and never the end of the service."""

import logging
import threading
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from modelserve.artifact import Artifact
from modelserve.serving.tracing import span_exporter
from modelserve.serving.tracing.span_exporter import QuietExporter, SpanObserver
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

TIMEOUT_S = 10
ADDRESS = "http://me:se@cret@collector:4318/v1/traces?key=secret"


class FailingExporter(SpanExporter):
    """Loses every span, and shuts down only when a test lets it."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.ended = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Fail."""
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Hang."""
        self.released.wait(TIMEOUT_S)
        self.ended.set()


class LoggingExporter(FailingExporter):
    """Logs a failure as OpenTelemetry's exporter does, with an address that has a password."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Fail."""
        logger = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        logger.info("sending")
        logger.error("Failed to export: http://me:se@cret@collector/v1/traces?key=secret is gone")
        return super().export(spans)


def test_lost_spans_are_summed_until_the_next_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = iter([0.0, 59.0, 60.0])
    monkeypatch.setattr(span_exporter, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    exporter = QuietExporter(FailingExporter(), ADDRESS)
    with caplog.at_level(logging.WARNING):
        for count in (1, 2, 3):
            exporter.export([ReadableSpan("model")] * count)
    assert [vars(each)["spans"] for each in caplog.records] == [1, 5]


def test_the_line_names_the_address_and_the_reason_without_credentials(
    caplog: pytest.LogCaptureFixture,
) -> None:
    span_exporter.collector.install()
    with caplog.at_level(logging.WARNING):
        QuietExporter(LoggingExporter(), ADDRESS).export([ReadableSpan("model")])
    (line,) = caplog.records
    assert vars(line)["endpoint"] == "http://collector:4318/v1/traces"
    expected = "Failed to export: http://collector/v1/traces is gone"
    assert vars(line)["reason"] == expected


def test_an_exporter_that_hangs_does_not_stop_the_end(
    trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_exporter, "PATIENCE_S", 0.01)
    exporter = FailingExporter()
    SpanObserver(exporter, Resource({}), trained.manifest).close()
    assert not exporter.ended.is_set()
    exporter.released.set()
    assert exporter.ended.wait(TIMEOUT_S)
