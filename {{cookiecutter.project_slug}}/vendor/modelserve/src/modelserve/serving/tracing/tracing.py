"""Switches tracing on, by a setting or by OpenTelemetry's own variables."""

from typing import TYPE_CHECKING, NamedTuple

from ... import environment
from ...errors import ConfigurationError
from ...settings import Settings
from ..observers import RequestObserver
from .sampler import TraceSampler, load_sampler

if TYPE_CHECKING:
    from ...service import Service

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
DEFAULT_ENDPOINT = "http://localhost:4318"  # of OpenTelemetry


class Tracing(NamedTuple):
    """What samples requests, and what exports their spans."""

    sampler: TraceSampler
    exporter: RequestObserver


def is_on(settings: Settings) -> bool:
    """Return whether requests are traced: with an endpoint, unless a variable says no."""
    if settings.tracing != "auto":
        return settings.tracing == "on"
    if environment.read("OTEL_SDK_DISABLED").lower() == "true":
        return False
    if environment.read("OTEL_TRACES_EXPORTER").lower() not in ("", "otlp"):
        return False
    return any(map(environment.read, ENDPOINTS))


def make_tracing(service: "Service") -> Tracing | None:
    """Return the tracing of a service; None, and nothing imported, if it is off.

    Raises:
        ConfigurationError: a variable asks for what there is not, or the extra is not installed.
    """
    if not is_on(service.settings):
        return None
    _check_protocol()
    sampler = load_sampler()
    try:
        from .span_exporter import make_exporter  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise ConfigurationError(
            "Tracing needs the package opentelemetry-exporter-otlp-proto-http, which is not "
            "installed. Add the extra `tracing` to modelserve's in pyproject.toml, or set "
            "TRACING=off."
        ) from error
    return Tracing(sampler, make_exporter(service.artifact.manifest, _endpoint()))


def _endpoint() -> str:
    """Return the address to which spans are sent."""
    traces, base = map(environment.read, ENDPOINTS)
    return traces or f"{(base or DEFAULT_ENDPOINT).rstrip('/')}/v1/traces"


def _check_protocol() -> None:
    protocol = next(filter(None, map(environment.read, PROTOCOLS)), PROTOCOL)
    if protocol != PROTOCOL:
        raise ConfigurationError(
            f"Spans are exported by {PROTOCOL}, not by {protocol[:50]!r}: set "
            f"{PROTOCOLS[0]}={PROTOCOL} and the collector's port for it, 4318 most often; or "
            "TRACING=off."
        )
