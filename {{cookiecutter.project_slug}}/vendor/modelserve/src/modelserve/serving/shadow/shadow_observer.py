"""Runs a challenger on finished requests, in a thread of its own."""

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InvalidInputError, ModelError
from ...types import ModelInput, Outputs
from ..batching.joining import join, kind_of, length_of
from ..observers import PATIENCE_S, RequestObserver
from ..output_validator import OutputValidator
from ..request_context import RequestContext
from ..thread_priority import lower_priority
from .challenger import Challenger
from .shadow_metrics import DEGRADED, DROPPED, FAILED, ShadowMetrics, set_paused
from .shadow_queue import ShadowedRequest, ShadowQueue

if TYPE_CHECKING:
    from ...service import Service

QUEUE_ROWS = 8_192
QUEUE_BYTES = 16_777_216
TABLE_ROWS = 1_024  # of one call; texts are joined up to BATCH_ROWS
PAUSE_S = 0.5  # large calls cost less per row
LOG_INTERVAL_S = 60.0

log = logging.getLogger(__name__)


class ShadowObserver(RequestObserver):
    """Compares the challenger's outputs with those that clients received.

    Requests only add to a bounded queue. Twice a second, the thread joins what waits to few
    large calls: each one takes the GIL from the requests for a moment.

    Args:
        challenger: answers the same rows.
        metrics: of both models' outputs.
        percentage: of the requests that are compared, sampled at random.
        most_rows: of one call, unless a request has more.
    """

    def __init__(
        self, challenger: Challenger, metrics: ShadowMetrics, *, percentage: float, most_rows: int
    ) -> None:
        """Start the thread."""
        self.manifest = challenger.manifest
        self._challenger, self._metrics = challenger, metrics
        self._share, self._most_rows = percentage / 100, most_rows
        self._validator = OutputValidator(
            challenger.manifest.output_bounds, probabilities=bool(challenger.manifest.labels)
        )
        self._queue = ShadowQueue(most_rows=QUEUE_ROWS, most_bytes=QUEUE_BYTES)
        self._logged = -LOG_INTERVAL_S
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="challenger", daemon=True)
        self._thread.start()

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Queue a sample of the answered requests."""
        share, degraded = self._share, 0
        chosen: list[ShadowedRequest] = []
        for each in finished:
            if not each.rows or each.given is None or each.prediction is None:
                continue
            if share < 1 and random.random() >= share:  # noqa: S311
                continue
            outputs = each.prediction.outputs
            if each.degraded:
                by_fallback = each.prediction.by_fallback
                degraded += (fallen := int(np.count_nonzero(by_fallback)))
                if fallen == each.rows:
                    continue
                outputs = np.where(by_fallback[:, np.newaxis], np.nan, outputs)
            chosen.append(ShadowedRequest(each.given, outputs, len(each.body)))
        self._metrics.count_uncompared(DEGRADED, degraded)
        if chosen:
            self._metrics.count_uncompared(DROPPED, self._queue.add(chosen))

    def close(self) -> None:
        """End the thread after its call; what waits is dropped."""
        self._stop.set()
        self._thread.join(timeout=PATIENCE_S)
        while rest := self._queue.take(QUEUE_ROWS):
            self._metrics.count_uncompared(DROPPED, _rows(rest))

    def _run(self) -> None:
        lower_priority()
        while not self._stop.wait(PAUSE_S):
            while not self._stop.is_set() and (taken := self._queue.take(TABLE_ROWS)):
                for batch in group(taken, self._most_rows):
                    self._try(batch)

    def _try(self, batch: Sequence[ShadowedRequest]) -> None:
        """Compare a batch, unless the service stops; a challenger may fail in any way."""
        if self._stop.is_set():
            self._metrics.count_uncompared(DROPPED, _rows(batch))
            return
        try:
            self._compare(batch)
        except Exception as error:  # pylint: disable=broad-exception-caught
            self._fail(_rows(batch), error)

    def _compare(self, batch: Sequence[ShadowedRequest]) -> None:
        """Run the challenger on the rows of a batch, and count the differences.

        Raises:
            ModelError: its outputs have the wrong shape.
        """
        challenger = self._challenger
        inputs = [each.given for each in batch]
        if challenger.complete:
            completed = challenger.complete([each._replace(tensors={}) for each in inputs])
            batch, inputs = self._leave_out_failed(batch, completed)
            if not batch:
                return
        rows = _rows(batch)
        started = time.perf_counter()
        outputs = challenger.model.run(join(inputs, pad_id=challenger.pad_id))
        seconds = time.perf_counter() - started
        expected = np.concatenate([each.outputs for each in batch])
        if outputs.shape != expected.shape:
            raise ModelError(f"the challenger answered {outputs.shape} to {rows} rows")
        self._metrics.count_seconds(seconds, rows)
        self._count(expected, outputs)

    def _leave_out_failed(
        self, batch: Sequence[ShadowedRequest], completed: Sequence[ModelInput | InvalidInputError]
    ) -> tuple[list[ShadowedRequest], list[ModelInput]]:
        """Return the requests whose texts the challenger's tokenizer can read, and their inputs."""
        kept = []
        for request, given in zip(batch, completed, strict=True):
            if isinstance(given, InvalidInputError):
                self._fail(request.given.rows, given)
            else:
                kept.append((request, given))
        return [request for request, _ in kept], [given for _, given in kept]

    def _count(self, expected: Outputs, outputs: Outputs) -> None:
        """Compare the rows to which both models gave valid outputs."""
        if not (given := ~np.isnan(expected).any(axis=1)).all():
            expected, outputs = expected[given], outputs[given]
        if fault := self._validator.check(outputs):
            valid = self._validator.rows(outputs)
            self._fail(int(np.count_nonzero(~valid)), ModelError(fault))
            expected, outputs = expected[valid], outputs[valid]
        if len(expected):
            self._metrics.compare(expected, outputs)

    def _fail(self, rows: int, error: Exception) -> None:
        """Count rows that the challenger failed on; log that at most once a minute."""
        self._metrics.count_uncompared(FAILED, rows)
        if (now := time.monotonic()) - self._logged < LOG_INTERVAL_S:
            return
        self._logged = now
        log.error(
            "challenger failed",
            exc_info=error,
            extra={"version": self.manifest.version, "rows": rows},
        )


def make_shadow(service: "Service", challenger: Challenger | None) -> list[ShadowObserver]:
    """Return the observer that compares a challenger with the served model; none without one."""
    settings, champion = service.settings, service.artifact.manifest
    if settings.challenger_dir is None:
        return []
    set_paused(service.registry, paused=challenger is None)
    if challenger is None:
        return []
    return [
        ShadowObserver(
            challenger,
            ShadowMetrics(service.registry, champion, challenger.manifest),
            percentage=settings.challenger_percentage,
            most_rows=TABLE_ROWS if champion.modality == "table" else settings.batch_rows,
        )
    ]


def group(taken: Sequence[ShadowedRequest], most_rows: int) -> Iterator[list[ShadowedRequest]]:
    """Yield batches of requests that one call can answer; texts of similar lengths together.

    Args:
        taken: in any order.
        most_rows: of a batch, unless a single request has more.
    """
    kinds: dict[Hashable, list[ShadowedRequest]] = defaultdict(list)
    for each in taken:
        kinds[kind_of(each.given)].append(each)
    for same in kinds.values():
        if same[0].given.characters:
            same.sort(key=lambda each: length_of(each.given))
        batch: list[ShadowedRequest] = []
        rows = 0
        for each in same:
            rows += each.given.rows
            if batch and rows > most_rows:
                yield batch
                batch, rows = [], each.given.rows
            batch.append(each)
        yield batch


def _rows(batch: Sequence[ShadowedRequest]) -> int:
    return sum(each.given.rows for each in batch)
