"""The composition root: creates the components of the service and combines them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from starlette.types import ASGIApp

from .. import notify
from ..errors import ConfigurationError
from ..monitoring.config import load_config
from ..service import make_lookup
from ..settings import MONITORING
from .access import ANONYMOUS, load_access
from .batching.batcher import make_batcher
from .components import Components
from .drift_counters import DriftCounters
from .edge import at_edge
from .execution.plan import choose
from .explain.explainer import Explainer
from .extensions import load_extensions
from .feedback import Feedback
from .feedback_exchange import join_workers
from .feedback_metrics import make_feedback_metrics
from .generation import Generation
from .hot_path import HotPath
from .key_watch import follow
from .lazy_app import LazyApp
from .metrics import Metrics
from .observers import RequestLogQueue, RequestObserver, close_all
from .oip.codec import InferenceCodec
from .prediction_cache import PredictionCache
from .prediction_routes import prediction_paths, prediction_routes
from .predictor import Predictor
from .problems import ErrorResponses
from .record_writers import check_recording, count_captures, make_captures, make_writer
from .reloading.reloader import Reloader
from .request_log import RequestLog
from .shadow.challenger import load_challenger, load_or_pause
from .shadow.shadow_observer import make_shadow
from .status_routes import StatusRoutes
from .thread_priority import call_with_low_priority
from .tracing.traced_routes import trace_routes
from .tracing.tracing import make_tracing
from .verification import load_verified

if TYPE_CHECKING:  # which imports this module for its application
    from ..service import Service

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

    def make_observers() -> list[RequestObserver]:
        return [RequestLog(log_handler)] if log_handler else []

    def succeed(fresh: "Service", predecessor: Components) -> Generation:
        return make_generation(assemble(fresh, make_observers(), predecessor))

    components = assemble(service, make_observers())
    components = replace(
        components, reloader=Reloader(service, succeed, make_lookup(service.settings))
    )
    return at_edge(wrap(components), service.settings)


def check(service: "Service") -> None:
    """Read and make everything that may fail at the start of a process, without starting.

    Raises:
        ArtifactError, ConfigurationError: as `create_app`.
    """
    settings, manifest = service.settings, service.artifact.manifest
    check_recording(settings, manifest)
    load_access(settings.api_keys_file)
    load_groups(settings.monitoring_config)
    load_verified(service, threads=1)
    load_challenger(service)
    oip = InferenceCodec(manifest, service.codec, max_rows=settings.max_rows)
    _, _, observers = load_extensions(service, oip.infer_paths())
    tracing = make_tracing(service)
    close_all([*observers, *([tracing.exporter] if tracing else [])])


# pylint: disable-next=too-many-locals
def assemble(
    service: "Service",
    observers: Sequence[RequestObserver] = (),
    predecessor: Components | None = None,
) -> Components:
    """Return the components of a service.

    Args:
        service: its settings, its artifact and its hooks.
        observers: of finished requests, beside its own.
        predecessor: the components of the model that this one is about to replace: what belongs to
            the process is shared.

    Raises:
        ArtifactError, ConfigurationError: as `create_app`.
    """
    settings, codec = service.settings, service.codec
    manifest = service.artifact.manifest
    check_recording(settings, manifest)
    load = partial(choose, service, codec)
    model, plan = call_with_low_priority(load) if predecessor else load()
    access = predecessor.access if predecessor else load_access(settings.api_keys_file)
    notifier = predecessor.notifier if predecessor else notify.make_notifier(settings)
    registry = service.registry
    oip = InferenceCodec(manifest, codec, max_rows=settings.max_rows)
    # Before threads are started: it may fail.
    codecs, routers, own_observers = load_extensions(service, oip.infer_paths())
    if predecessor or parent_process():  # another model is served already, or this one was checked
        challenger = load_or_pause(service, notifier)
    else:
        challenger = load_challenger(service)
    tracing = make_tracing(service)
    metrics = Metrics(
        registry, manifest, {ANONYMOUS, *access.consumers}, prediction_paths(settings, codecs)
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
        predecessor.feedback if predecessor else None,
    )
    captures = make_captures(settings, manifest, counter)
    log_queue = RequestLogQueue(
        [
            *(metrics, drift, feedback, *captures),
            *(*make_shadow(service, challenger), *([tracing.exporter] if tracing else [])),
            *(*own_observers, *observers),
        ]
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
        catalogue=service.catalogue,
        error_responses=ErrorResponses(service.catalogue),
        access=access,
        notifier=notifier,
        registry=registry,
        log_queue=log_queue,
        feedback=feedback,
        feedback_exchange=(
            predecessor.feedback_exchange
            if predecessor
            else join_workers(feedback, log_queue.flush)
        ),
        codec=codec,
        oip=oip,
        project_codecs=codecs,
        routers=routers,
        predictor=predictor,
        challenger=challenger.manifest if challenger else None,
        sampler=tracing.sampler if tracing else None,
        explainer=Explainer(
            model, service.artifact, codec.inputs, limit_s=settings.predict_timeout_s
        ),
        batcher=make_batcher(service, predictor, plan) if plan.mode == "threads" else None,
        reloader=predecessor.reloader if predecessor else None,
    )


def load_groups(path: Path) -> tuple[str, ...]:
    """Return the groups that feedback may name; none without a file at the default path.

    Raises:
        ConfigurationError: the file is invalid, or was configured and is missing.
    """
    if path == MONITORING and not path.exists():
        return ()
    try:
        return load_config(path).fairness.groups
    except ConfigurationError as error:
        raise ConfigurationError(f"MONITORING_CONFIG: {error}") from error


def wrap(components: Components) -> HotPath:
    """Return one ASGI application: the hot path in front of FastAPI's."""
    first = make_generation(components)
    hot_path: HotPath = HotPath(first.app, first.routes, components, lambda _: running(hot_path))
    if components.reloader:
        components.reloader.attach(hot_path)
    return hot_path


def make_generation(components: Components) -> Generation:
    """Return what answers requests by the components of a model."""

    def make_fastapi_app() -> ASGIApp:
        # Half of a cold start; the first prediction does not need it.
        from .fastapi_app import (  # pylint: disable=import-outside-toplevel
            create_fastapi_app,
        )

        return create_fastapi_app(components)

    lazy = LazyApp(make_fastapi_app)
    routes = prediction_routes(components)
    if components.sampler:
        routes = trace_routes(routes, components.sampler)
    return Generation(StatusRoutes(lazy, components), routes, components)


@asynccontextmanager
async def running(hot_path: HotPath) -> AsyncIterator[None]:
    """Reload keys and artifacts, and pass on feedback, while the server runs; then stop it all."""
    # No local variable refers to the first model's components: this runs as long as the server.
    path, access = hot_path.components.settings.api_keys_file, hot_path.components.access
    exchange, reloader = hot_path.components.feedback_exchange, hot_path.components.reloader
    watch = asyncio.create_task(follow(path, access)) if path else None
    async with exchange.listening(), reloader.running() if reloader else nullcontext():
        yield
    if watch:
        watch.cancel()
    hot_path.generation.close()
