"""Traces by OpenTelemetry, an extra: without TRACING, nothing of it is imported."""
