"""The composition root: here the parts of the service are made and put together."""

import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from .. import artifact, logs, notify
from ..settings import Settings, load_settings
from . import problems
from .access import load_access
from .codec import JsonCodec
from .hot_path import HotPath, Route
from .inference_protocol import InferenceCodec
from .journal import Journal, Recorder
from .lazy_app import LazyApp
from .metrics import Metrics
from .predictor import Predictor
from .request_log import RequestLog
from .runtime import load_model, measure_ms
from .service import Service

log = logging.getLogger(__name__)


def start() -> HotPath:
    """Return the application as each server process makes it: settings, logs, then the rest."""
    settings = load_settings()
    render, stream = logs.configure(settings)
    return create_app(settings, recorders=[RequestLog(render, stream)])


def create_app(settings: Settings, *, recorders: Sequence[Recorder] = ()) -> HotPath:
    """Return the service as one ASGI application, its model loaded.

    Args:
        settings: what the operator has set.
        recorders: are told of every finished request, after the metrics.

    Raises:
        ArtifactError: the model cannot be served.
        ConfigurationError: the keys cannot be read.
    """
    return wrap(assemble(settings, recorders))


def assemble(settings: Settings, recorders: Sequence[Recorder] = ()) -> Service:
    """Return the parts of the service.

    Raises:
        ArtifactError, ConfigurationError: as `create_app` has it.
    """
    found = artifact.load(settings.model_dir)
    manifest = found.manifest
    access = load_access(settings.api_keys_file)
    model = load_model(found)
    codec = JsonCodec(found, max_rows=settings.max_rows, max_text_length=settings.max_text_length)
    latency_ms = measure_ms(model, codec.gather([codec.inputs.example()]).feeds)
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
    metrics = Metrics(manifest)
    return Service(
        settings=settings,
        manifest=manifest,
        access=access,
        notifier=notifier,
        metrics=metrics,
        journal=Journal([metrics, *recorders]),
        codec=codec,
        protocol=InferenceCodec(manifest, codec.inputs, codec.outputs, max_rows=settings.max_rows),
        predictor=Predictor(model, manifest, notifier, degraded_answers=settings.degraded_answers),
        pool=pool,
    )


def choose_pool(settings: Settings, latency_ms: float) -> Executor | None:
    """Return threads for a model that is slow, or is set to run in them; None for the others.

    A quick model would lose a third of its throughput on the way to a thread and back; a slow one
    would hold up the health checks, for which ONNX Runtime frees the interpreter in a thread.
    """
    quick = settings.execution == "auto" and latency_ms < settings.inline_below_ms
    if quick or settings.execution == "inline":
        return None
    return ThreadPoolExecutor(settings.threads, thread_name_prefix="model")


def wrap(service: Service) -> HotPath:
    """Return the service's parts as one ASGI application: the hot path around the framework."""

    def make_framework() -> ASGIApp:
        # Half of a cold start's time, and the first prediction needs none of it.
        from .framework import frame  # pylint: disable=import-outside-toplevel

        return frame(service)

    settings = service.settings
    v2, versioned = service.protocol.infer_paths()
    infer = Route("/v2/models/{name}/infer", service.protocol, problems.protocol_error)
    predict = Route(settings.predict_route, service.codec, problems.problem)
    return HotPath(
        LazyApp(make_framework, lambda _: running(service)),
        {settings.predict_route: predict, v2: infer, versioned: infer},
        service,
    )


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """End what the service has started when the server ends."""
    yield
    if service.pool:
        service.pool.shutdown(wait=False, cancel_futures=True)
    service.journal.close()
