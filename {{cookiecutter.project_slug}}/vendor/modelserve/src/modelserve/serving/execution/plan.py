"""Decides at the start how the model runs, by measuring it."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from ... import environment, hook_calls, processors
from ...errors import ServiceError
from ...settings import Settings
from ...types import Model
from ..codec import JsonCodec
from ..output_validator import check_possible
from ..runtime import OnnxModel, measure_ms
from ..thread_priority import call_with_low_priority
from ..verification import failed_at_start, load_verified
from .dependence import depends_on_others
from .layouts import (
    DEVICE_CALLS,
    OWN_CALLS,
    Layout,
    Measured,
    best,
    list_calls,
    list_layouts,
    measure_rows_per_s,
)
from .provider_report import report_missing
from .sample import Sample

if TYPE_CHECKING:
    from ...service import Service

BATCH = 8  # rows of the call that is compared with calls of one
PATIENCE_S = 0.25  # for each thing that is measured, unless a single call takes longer
SLOW_LOAD_S = 5.0  # a model that takes longer is not loaded again for another number of threads
WARM_UP_S = 30.0
OMP_THREADS = "OMP_NUM_THREADS"

log = logging.getLogger(__name__)


class ExecutionPlan(NamedTuple):
    """How the model runs.

    `calls` of it run at once, each in `threads_per_call` threads; `batching` says whether requests
    that wait are joined. A call takes `latency_ms` for one row, and `row_ms` for each further one.
    """

    mode: Literal["inline", "threads"]
    calls: int
    threads_per_call: int
    batching: bool
    latency_ms: float
    row_ms: float = 0.0


def choose(service: "Service", codec: JsonCodec) -> tuple[Model, ExecutionPlan]:
    """Return the service's model, loaded for the way in which it runs best, and that way.

    A fast model runs inline. Another one is measured: many calls at once of one thread each, or one
    call of many threads, with as many rows as pay.

    Args:
        service: its artifact, its settings and the hook `load_model`.
        codec: has an example row.

    Raises:
        ArtifactError: the model cannot be loaded, or fails on an example.
    """
    try:
        model, plan = _choose(service, codec)
    except ServiceError:
        raise
    except Exception as error:
        raise failed_at_start(service, error) from error
    manifest = service.artifact.manifest
    log.info(
        "model loaded",
        extra={
            "model": manifest.name,
            "version": manifest.version,
            "latency_ms": round(plan.latency_ms, 4),
            "execution": plan.mode,
            "calls": plan.calls,
            "threads_per_call": plan.threads_per_call,
            "batching": plan.batching,
            "providers": ",".join(model.providers) if isinstance(model, OnnxModel) else "own",
            "processors": round(_processors(service.settings), 2),
        },
    )
    return model, plan


def _choose(service: "Service", codec: JsonCodec) -> tuple[Model, ExecutionPlan]:
    settings = service.settings
    started = perf_counter()
    model = _load(partial(load_verified, service), settings.intra_op_threads or 1)
    loaded_s = perf_counter() - started
    report_missing(model, settings.providers, service.registry)
    sample = Sample(codec, min(BATCH, _most_rows(settings)))
    check = partial(check_possible, service.artifact.manifest)
    latency_ms = measure_ms(model, sample.one, limit_s=PATIENCE_S, check=check)
    loaded = Layout(1, settings.intra_op_threads or 1)
    if _runs_inline(settings, model, latency_ms):
        return model, ExecutionPlan("inline", *loaded, batching=False, latency_ms=latency_ms)
    if settings.batching == "auto" and depends_on_others(
        model, codec.inputs, service.artifact, rows=sample.rows(latency_ms), limit_s=PATIENCE_S
    ):
        settings = settings.model_copy(update={"batching": "off"})
    layouts = _layouts(settings, model, latency_ms)
    if loaded_s > SLOW_LOAD_S:
        layouts = [each for each in layouts if each.threads == loaded.threads] or layouts
    reload = partial(hook_calls.load_model, service, service.artifact)
    measured = []
    for layout in layouts:
        if layout.threads != loaded.threads:
            del model  # before it is in memory twice
            model, loaded = _load(reload, layout.threads), layout
        measured.append(_measure(model, sample, layout, settings, compare=len(layouts) > 1))
    chosen = best(measured)
    if chosen.layout.threads != loaded.threads:
        del model
        model = _load(reload, chosen.layout.threads)
    if _on_device(model):
        _warm_up(model, sample, settings)
    joins = chosen.joins or _on_device(model)
    return model, ExecutionPlan(
        "threads",
        *chosen.layout,
        batching=joins if settings.batching == "auto" else settings.batching == "on",
        latency_ms=chosen.latency_ms,
        row_ms=chosen.row_ms,
    )


def _load(load: Callable[..., Model], threads: int) -> Model:
    """Return a model whose own threads, if it starts any, yield to the event loop's."""
    if threads == 1:
        return load(threads=1)
    return call_with_low_priority(partial(load, threads=threads))


def _runs_inline(settings: Settings, model: Model, latency_ms: float) -> bool:
    """Return whether a model is fast, or as `execution` demands.

    In a thread, a fast model would lose a third of its throughput. Inline, a slow one would delay
    health checks: in a thread, ONNX Runtime releases the GIL. A device has most throughput if rows
    are joined.
    """
    if settings.execution == "auto":
        return latency_ms < settings.inline_below_ms and not _on_device(model)
    return settings.execution == "inline"


def _layouts(settings: Settings, model: Model, latency_ms: float) -> list[Layout]:
    """Return the layouts to compare."""
    usable = processors.whole(_processors(settings))
    calls, threads = settings.threads, settings.intra_op_threads
    if _on_device(model):
        return list_calls(DEVICE_CALLS, calls=calls, threads=threads or 1)
    if not isinstance(model, OnnxModel):  # what it does with threads is unknown: it is loaded once
        return list_calls(max(OWN_CALLS, usable), calls=calls, threads=threads or 1)
    if latency_ms < settings.inline_below_ms:  # its calls are too small to be divided
        return list_layouts(usable, calls=calls or usable, threads=threads or 1)
    return list_layouts(usable, calls=calls, threads=threads or _omp_threads())


def _measure(
    model: Model, sample: Sample, layout: Layout, settings: Settings, *, compare: bool
) -> Measured:
    """Measure a model that is loaded for a layout."""
    latency_ms = measure_ms(model, sample.one, limit_s=PATIENCE_S)
    rows = sample.rows(latency_ms)
    batch_ms = _measure_batch_ms(model, sample, rows) if rows > 1 else latency_ms
    measured = Measured(layout, latency_ms, rows, batch_ms)
    if compare:
        rows = rows if measured.joins and settings.batching != "off" else 1
        rows_per_s = measure_rows_per_s(
            model, sample.gather(rows), rows, calls=layout.calls, limit_s=PATIENCE_S
        )
        measured = measured._replace(rows_per_s=rows_per_s)
    return measured


def _measure_batch_ms(model: Model, sample: Sample, rows: int) -> float:
    """Return the least time of one call for several rows; infinity for a model that fails."""
    try:
        return measure_ms(model, sample.gather(rows), limit_s=PATIENCE_S)
    except Exception:  # pylint: disable=broad-exception-caught
        # A model of the project's own may be for requests of one row.
        log.warning("model failed on several rows", extra={"rows": rows}, exc_info=True)
        return inf


def _warm_up(model: Model, sample: Sample, settings: Settings) -> None:
    """Call a model with batches of each power of two: a device prepares itself for each shape."""
    started = perf_counter()
    for rows in _powers_of_two(_most_rows(settings)):
        if perf_counter() - started > WARM_UP_S:
            log.warning("model not warmed up", extra={"rows": rows, "limit_s": WARM_UP_S})
            return
        model.run(sample.gather(rows))


def _most_rows(settings: Settings) -> int:
    """Return the rows of the largest call to prepare for."""
    most = settings.batch_rows
    return min(most, settings.max_rows) if settings.batching == "off" else most


def _powers_of_two(most: int) -> Iterator[int]:
    rows = 1
    while rows < most:
        yield rows
        rows *= 2
    yield most


def _on_device(model: Model) -> bool:
    return isinstance(model, OnnxModel) and model.on_device


def _processors(settings: Settings) -> float:
    """Return the processors of one worker process, if all of them have the same."""
    return processors.available() / settings.workers


def _omp_threads() -> int | None:
    """Return OpenMP's number of threads, by which operators limit every library."""
    number = environment.read(OMP_THREADS).partition(",")[0]
    return int(number) if number.isdecimal() and int(number) else None
