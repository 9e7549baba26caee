"""The composition root: here the components of the service are made and put together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from starlette.types import ASGIApp

from .. import artifact, notify
from ..artifact import Manifest
from ..errors import ConfigurationError
from ..monitoring.config import load_config
from ..service import Service
from ..settings import MONITORING, Settings
from . import problems
from .access import ANONYMOUS, load_access
from .capture import Capture, check_redaction
from .components import Components
from .drift_counters import DriftCounters
from .feedback import Feedback
from .feedback_metrics import make_feedback_metrics
from .hot_path import HotPath, Route
from .key_watch import follow
from .lazy_app import LazyApp
from .metrics import Metrics
from .metrics_registry import MetricsRegistry
from .observers import RequestLogQueue, RequestObserver
from .oip.codec import InferenceCodec
from .prediction_cache import PredictionCache
from .predictor import Predictor
from .request_log import RequestLog
from .rotating_writer import REASONS, Bounds, RotatingWriter, Tally
from .runtime import measure_ms

INFER_ROUTE = "/v2/models/{name}/infer"  # its name in metrics and log lines

log = logging.getLogger(__name__)


def create_app(
    service: Service, log_handler: "logging.StreamHandler[TextIO] | None" = None
) -> HotPath:
    """Return a service as one ASGI application, its model loaded.

    Args:
        service: its settings, its artifact and its hooks.
        log_handler: where a line for each request goes; None for no such lines.

    Raises:
        ArtifactError: the model cannot be served.
        ConfigurationError: the keys cannot be read, or a setting does not fit the model.
    """
    lines = [RequestLog(log_handler)] if log_handler else []
    return wrap(assemble(service, lines))


def check(settings: Settings) -> None:
    """Read all that a process reads at its start, and start nothing.

    Raises:
        ArtifactError, ConfigurationError: as `create_app`.
    """
    check_redaction(settings, artifact.load(settings.model_dir).manifest)
    load_access(settings.api_keys_file)
    load_groups(settings.monitoring_config)


def assemble(service: Service, observers: Sequence[RequestObserver] = ()) -> Components:
    """Return the components of a service.

    Raises:
        ArtifactError, ConfigurationError: as `create_app`.
    """
    settings, found, codec = service.settings, service.artifact, service.codec
    manifest = found.manifest
    check_redaction(settings, manifest)
    access = load_access(settings.api_keys_file)
    model = service.load_model(found, threads=1)
    latency_ms = measure_ms(model, codec.inputs.gather([codec.inputs.example()]).tensors)
    pool = choose_pool(settings, latency_ms)
    log.info(
        "model loaded",
        extra={
            "model": manifest.name,
            "version": manifest.version,
            "latency_ms": round(latency_ms, 4),
            "execution": "threads" if pool else "inline",
        },
    )
    notifier = notify.make_notifier(settings)
    registry = service.registry
    own_codecs = service.codecs()
    metrics = Metrics(
        registry, manifest, {ANONYMOUS, *access.consumers}, prediction_routes(settings, own_codecs)
    )
    drift = DriftCounters(found, codec.inputs, registry, metrics, detailed=settings.drift_metrics)
    tally = count_captures(registry)
    feedback = Feedback(
        PredictionCache(settings.feedback_rows),
        make_feedback_metrics(manifest, load_groups(settings.monitoring_config), registry),
        registry,
        make_writer(settings.ground_truth_dir, settings, manifest, tally),
    )
    writer = make_writer(settings.capture_dir, settings, manifest, tally)
    captures = [Capture(writer, settings)] if writer else []
    own = service.observers()
    return Components(
        settings=settings,
        manifest=manifest,
        access=access,
        notifier=notifier,
        registry=registry,
        log_queue=RequestLogQueue([metrics, drift, feedback, *captures, *own, *observers]),
        feedback=feedback,
        codec=codec,
        oip=InferenceCodec(manifest, codec, max_rows=settings.max_rows),
        own_codecs=own_codecs,
        routers=service.routers,
        predictor=Predictor(model, manifest, notifier, degraded_answers=settings.degraded_answers),
        pool=pool,
    )


def prediction_routes(settings: Settings, own: Iterable[str]) -> tuple[str, ...]:
    """Return the routes of predictions by their names in metrics."""
    platform = ("/invocations",) if settings.platform == "sagemaker" else ()
    return (settings.predict_route, INFER_ROUTE, *platform, *own)


def count_captures(registry: MetricsRegistry) -> Tally:
    """Return the counters of records that are kept or dropped."""
    kept = registry.counter("capture_records", "Records of captures and truths that were kept.")()
    dropped = registry.counter("capture_dropped", "Records that were not.", "reason")
    counters = {reason: dropped(reason) for reason in REASONS}
    return Tally(kept.inc, lambda reason, count: counters[reason].inc(count))


def make_writer(
    folder: Path | None, settings: Settings, manifest: Manifest, tally: Tally
) -> RotatingWriter | None:
    """Return what writes records below a folder, in SageMaker's layout; None without a folder."""
    if folder is None:
        return None
    bounds = Bounds(
        queue_records=settings.capture_queue_records,
        queue_bytes=settings.capture_queue_bytes,
        file_bytes=settings.capture_file_bytes,
        file_age_s=settings.capture_file_age_s,
    )
    return RotatingWriter(folder / manifest.name / settings.capture_variant, bounds, tally)


def load_groups(path: Path) -> tuple[str, ...]:
    """Return the groups that feedback may name; none where there is no file in its usual place.

    Raises:
        ConfigurationError: the file is wrong, or was asked for and is missing.
    """
    if path == MONITORING and not path.exists():
        return ()
    return load_config(path).fairness.groups


def choose_pool(settings: Settings, latency_ms: float) -> Executor | None:
    """Return threads for a model that is slow, or is set to run in them; None for the others.

    A quick model would lose a third of its throughput on the way to a thread and back; a slow one
    would hold up the health checks, for which ONNX Runtime frees the interpreter in a thread.
    """
    quick = settings.execution == "auto" and latency_ms < settings.inline_below_ms
    if quick or settings.execution == "inline":
        return None
    return ThreadPoolExecutor(settings.threads, thread_name_prefix="model")


def wrap(components: Components) -> HotPath:
    """Return the components as one ASGI application: the hot path around FastAPI's."""

    def make_framework() -> ASGIApp:
        # Half of a cold start's time, and the first prediction needs none of it.
        from .fastapi_app import (  # pylint: disable=import-outside-toplevel
            create_fastapi_app,
        )

        return create_fastapi_app(components)

    settings = components.settings
    v2, versioned = components.oip.infer_paths()
    infer = Route(INFER_ROUTE, components.oip, problems.protocol_error)
    predict = Route(settings.predict_route, components.codec, problems.problem)
    routes = {settings.predict_route: predict, v2: infer, versioned: infer}
    for path, codec in components.own_codecs.items():
        if path in routes:
            raise ConfigurationError(f"codecs() in service.py takes {path}, which is taken.")
        routes[path] = Route(path, codec, problems.problem)
    app: ASGIApp = LazyApp(make_framework, lambda _: running(components))
    if settings.platform == "sagemaker":
        from .sagemaker import platform  # pylint: disable=import-outside-toplevel

        app = platform.Ping(app)
        routes |= platform.predictions(components)
    return HotPath(app, routes, components)


@asynccontextmanager
async def running(components: Components) -> AsyncIterator[None]:
    """Follow the keys while the server runs, and stop all that was started when it ends."""
    path = components.settings.api_keys_file
    watch = asyncio.create_task(follow(path, components.access)) if path else None
    yield
    if watch:
        watch.cancel()
    if components.pool:
        components.pool.shutdown(wait=False, cancel_futures=True)
    components.log_queue.close()
