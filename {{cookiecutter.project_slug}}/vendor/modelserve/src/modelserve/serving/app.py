"""The composition root: creates the components of the service and combines them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from starlette.types import ASGIApp

from .. import notify
from ..manifest import Manifest
from ..monitoring.config import load_config
from ..settings import MONITORING, Settings
from . import problems
from .access import ANONYMOUS, load_access
from .batching.batcher import make_batcher
from .capture import Capture, check_redaction
from .components import Components
from .drift_counters import DriftCounters
from .edge import at_edge
from .execution.plan import choose
from .explain.explainer import Explainer
from .extensions import load_codecs, load_observers, load_routers
from .feedback import Feedback
from .feedback_exchange import join_workers
from .feedback_metrics import make_feedback_metrics
from .hot_path import HotPath, Route
from .key_watch import follow
from .lazy_app import LazyApp
from .metrics import Metrics
from .metrics_registry import MetricsRegistry
from .observers import RequestLogQueue, RequestObserver
from .oip.codec import InferenceCodec
from .oip.exchange import InferenceNegotiator
from .prediction_cache import PredictionCache
from .predictor import Predictor
from .request_log import RequestLog
from .rotating_writer import REASONS, Bounds, RecordCounter, RotatingWriter
from .status_routes import StatusRoutes
from .verification import load_verified

if TYPE_CHECKING:  # which imports this module for its application
    from ..service import Service

INFER_ROUTE = "/v2/models/{name}/infer"  # its name in metrics and log lines

log = logging.getLogger(__name__)


def create_app(
    service: "Service", log_handler: logging.StreamHandler[TextIO] | None = None
) -> ASGIApp:
    """Return a service as one ASGI application, its model loaded.

    Args:
        service: its settings, its artifact and its hooks.
        log_handler: of a log line for each request; None for none.

    Raises:
        ArtifactError: the model cannot be served.
        ConfigurationError: the keys cannot be read, or a setting does not fit the model.
    """
    lines = [RequestLog(log_handler)] if log_handler else []
    return at_edge(wrap(assemble(service, lines)), service.settings)


def check(service: "Service") -> None:
    """Read everything that a process reads at its start, without starting.

    Raises:
        ArtifactError, ConfigurationError: as `create_app`.
    """
    settings = service.settings
    check_redaction(settings, service.artifact.manifest)
    load_access(settings.api_keys_file)
    load_groups(settings.monitoring_config)
    load_verified(service, threads=1)


def assemble(service: "Service", observers: Sequence[RequestObserver] = ()) -> Components:
    """Return the components of a service.

    Raises:
        ArtifactError, ConfigurationError: as `create_app`.
    """
    settings, codec = service.settings, service.codec
    manifest = service.artifact.manifest
    check_redaction(settings, manifest)
    access = load_access(settings.api_keys_file)
    model, plan = choose(service, codec)
    notifier = notify.make_notifier(settings)
    registry = service.registry
    oip = InferenceCodec(manifest, codec, max_rows=settings.max_rows)
    codecs = load_codecs(service, oip.infer_paths())
    routers = load_routers(service, [*oip.infer_paths(), *codecs])
    metrics = Metrics(
        registry, manifest, {ANONYMOUS, *access.consumers}, prediction_routes(settings, codecs)
    )
    drift = DriftCounters(
        service.artifact, codec.inputs, registry, metrics, detailed=settings.drift_metrics
    )
    counter = count_captures(registry)
    feedback = Feedback(
        PredictionCache(settings.feedback_rows),
        make_feedback_metrics(manifest, load_groups(settings.monitoring_config), registry),
        registry,
        make_writer(settings.ground_truth_dir, settings, manifest, counter),
    )
    captures = make_captures(settings, manifest, counter)
    log_queue = RequestLogQueue(
        [metrics, drift, feedback, *captures, *load_observers(service), *observers]
    )
    predictor = Predictor(
        model,
        manifest,
        notifier,
        degraded_answers=settings.degraded_answers,
        pad_id=codec.inputs.pad_id,
    )
    return Components(
        settings=settings,
        manifest=manifest,
        access=access,
        notifier=notifier,
        registry=registry,
        log_queue=log_queue,
        feedback=feedback,
        feedback_exchange=join_workers(feedback, log_queue.flush),
        codec=codec,
        oip=oip,
        project_codecs=codecs,
        routers=routers,
        predictor=predictor,
        explainer=Explainer(
            model, service.artifact, codec.inputs, limit_s=settings.predict_timeout_s
        ),
        batcher=make_batcher(service, predictor, plan) if plan.mode == "threads" else None,
    )


def prediction_routes(settings: Settings, own: Iterable[str]) -> tuple[str, ...]:
    """Return the routes of predictions by their names in metrics."""
    platform = ("/invocations",) if settings.platform == "sagemaker" else ()
    return (settings.predict_route, INFER_ROUTE, *platform, *own)


def count_captures(registry: MetricsRegistry) -> RecordCounter:
    """Return the counters of captured and dropped records."""
    kept = registry.counter("capture_records", "Records of captures and truths that were kept.")()
    dropped = registry.counter("capture_dropped", "Records that were not.", "reason")
    counters = {reason: dropped(reason) for reason in REASONS}
    return RecordCounter(kept.inc, lambda reason, count: counters[reason].inc(count))


def make_writer(
    folder: Path | None, settings: Settings, manifest: Manifest, counter: RecordCounter
) -> RotatingWriter | None:
    """Return a writer of records in SageMaker's folder layout; None without a folder."""
    if folder is None:
        return None
    bounds = Bounds(
        queue_records=settings.capture_queue_records,
        queue_bytes=settings.capture_queue_bytes,
        file_bytes=settings.capture_file_bytes,
        file_age_s=settings.capture_file_age_s,
    )
    return RotatingWriter(folder / manifest.name / settings.capture_variant, bounds, counter)


def make_captures(
    settings: Settings, manifest: Manifest, counter: RecordCounter
) -> Sequence[Capture]:
    """Return the observer that captures requests; none without a folder."""
    writer = make_writer(settings.capture_dir, settings, manifest, counter)
    return [Capture(writer, settings)] if writer else []


def load_groups(path: Path) -> tuple[str, ...]:
    """Return the groups that feedback may name; none without a file at the default path.

    Raises:
        ConfigurationError: the file is invalid, or was configured and is missing.
    """
    if path == MONITORING and not path.exists():
        return ()
    return load_config(path).fairness.groups


def wrap(components: Components) -> HotPath:
    """Return one ASGI application: the hot path in front of FastAPI's."""

    def make_fastapi_app() -> ASGIApp:
        # Half of a cold start; the first prediction does not need it.
        from .fastapi_app import (  # pylint: disable=import-outside-toplevel
            create_fastapi_app,
        )

        return create_fastapi_app(components)

    settings = components.settings
    v2, versioned = components.oip.infer_paths()
    negotiator = InferenceNegotiator(components.oip)
    infer = Route(INFER_ROUTE, components.oip, problems.protocol_error, negotiator)
    predict = Route(settings.predict_route, components.codec, problems.problem)
    routes = {settings.predict_route: predict, v2: infer, versioned: infer}
    for path, codec in components.project_codecs.items():
        routes[path] = Route(path, codec, problems.problem, codec)
    if settings.platform == "sagemaker":
        from .sagemaker import platform  # pylint: disable=import-outside-toplevel

        routes |= platform.predictions(components)
    routes = {f"{path}/": route for path, route in routes.items()} | routes
    lazy = LazyApp(make_fastapi_app, lambda _: running(components))
    return HotPath(StatusRoutes(lazy, components), routes, components)


@asynccontextmanager
async def running(components: Components) -> AsyncIterator[None]:
    """Reload the keys and pass on feedback while the server runs; stop threads and writers then."""
    path = components.settings.api_keys_file
    watch = asyncio.create_task(follow(path, components.access)) if path else None
    async with components.feedback_exchange.listening():
        yield
    if watch:
        watch.cancel()
    if components.batcher:
        components.batcher.close()
    components.explainer.close()
    components.log_queue.close()
