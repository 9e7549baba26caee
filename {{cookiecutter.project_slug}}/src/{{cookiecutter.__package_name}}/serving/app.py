"""The composition root: here the parts of the service are made and put together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.types import ASGIApp

from .. import artifact, logs, notify
from ..artifact import Manifest
from ..monitoring.config import load_config
from ..settings import MONITORING, Settings, load_settings
from . import platform, problems
from .access import ANONYMOUS, load_access
from .capture import Capture, check_redaction
from .codec import JsonCodec
from .feedback import Feedback
from .hot_path import HotPath, Route
from .inference_protocol import InferenceCodec
from .journal import Journal, Recorder
from .key_watch import follow
from .lazy_app import LazyApp
from .ledger import Ledger
from .metrics import Metrics
from .observations import Observations
from .outcomes import Outcomes
from .predictor import Predictor
from .request_log import RequestLog
from .runtime import load_model, measure_ms
from .series import Series
from .service import Service
from .spool import REASONS, Bounds, Spool, Tally

INFER_ROUTE = "/v2/models/{name}/infer"  # as series and log lines call it

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
        ConfigurationError: the keys cannot be read, or a setting does not fit the model.
    """
    return wrap(assemble(settings, recorders))


def check(settings: Settings) -> None:
    """Read all that a process reads at its start, and make nothing of it.

    Raises:
        ArtifactError, ConfigurationError: as `create_app` has it.
    """
    check_redaction(settings, artifact.load(settings.model_dir).manifest)
    load_access(settings.api_keys_file)
    load_groups(settings.monitoring_config)


def assemble(settings: Settings, recorders: Sequence[Recorder] = ()) -> Service:
    """Return the parts of the service.

    Raises:
        ArtifactError, ConfigurationError: as `create_app` has it.
    """
    found = artifact.load(settings.model_dir)
    manifest = found.manifest
    check_redaction(settings, manifest)
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
    series = Series(manifest)
    routes = (settings.predict_route, INFER_ROUTE, *platform.ROUTES)
    metrics = Metrics(series, manifest, {ANONYMOUS, *access.consumers}, routes)
    watching = Observations(found, codec.inputs, series, metrics, detailed=settings.drift_metrics)
    tally = count_captures(series)
    feedback = Feedback(
        Ledger(settings.feedback_rows),
        Outcomes(manifest, load_groups(settings.monitoring_config), series),
        series,
        spool(settings.ground_truth_dir, settings, manifest, tally),
    )
    captured = spool(settings.capture_dir, settings, manifest, tally)
    captures = [Capture(captured, settings)] if captured else []
    return Service(
        settings=settings,
        manifest=manifest,
        access=access,
        notifier=notifier,
        series=series,
        journal=Journal([metrics, watching, feedback, *captures, *recorders]),
        feedback=feedback,
        codec=codec,
        protocol=InferenceCodec(manifest, codec.inputs, codec.outputs, max_rows=settings.max_rows),
        predictor=Predictor(model, manifest, notifier, degraded_answers=settings.degraded_answers),
        pool=pool,
    )


def count_captures(series: Series) -> Tally:
    """Return what is told of records that are kept or dropped."""
    kept = series.counter("capture_records", "Records of captures and truths that were kept.")()
    dropped = series.counter("capture_dropped", "Records that were not.", "reason")
    counters = {reason: dropped(reason) for reason in REASONS}
    return Tally(kept.inc, lambda reason, count: counters[reason].inc(count))


def spool(
    folder: Path | None, settings: Settings, manifest: Manifest, tally: Tally
) -> Spool | None:
    """Return what writes records below a folder, in SageMaker's layout; None without a folder."""
    if folder is None:
        return None
    bounds = Bounds(
        queue_records=settings.capture_queue_records,
        queue_bytes=settings.capture_queue_bytes,
        file_bytes=settings.capture_file_bytes,
        file_age_s=settings.capture_file_age_s,
    )
    return Spool(folder / manifest.name / settings.capture_variant, bounds, tally)


def load_groups(path: Path) -> tuple[str, ...]:
    """Return the groups that feedback may name; none, where there is no file in its usual place.

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


def wrap(service: Service) -> HotPath:
    """Return the service's parts as one ASGI application: the hot path around the framework."""

    def make_framework() -> ASGIApp:
        # Half of a cold start's time, and the first prediction needs none of it.
        from .framework import frame  # pylint: disable=import-outside-toplevel

        return frame(service)

    settings = service.settings
    v2, versioned = service.protocol.infer_paths()
    infer = Route(INFER_ROUTE, service.protocol, problems.protocol_error)
    predict = Route(settings.predict_route, service.codec, problems.problem)
    routes = {settings.predict_route: predict, v2: infer, versioned: infer}
    app = LazyApp(make_framework, lambda _: running(service))
    return HotPath(platform.around(app), routes | platform.predictions(service), service)


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Follow the keys while the server runs, and end all that was started when it ends."""
    path = service.settings.api_keys_file
    watch = asyncio.create_task(follow(path, service.access)) if path else None
    yield
    if watch:
        watch.cancel()
    if service.pool:
        service.pool.shutdown(wait=False, cancel_futures=True)
    service.journal.close()
