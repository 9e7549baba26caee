"""Runs a slow model in threads; what waits meanwhile is joined to the next call."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from starlette.types import Receive

from ...errors import (
    DisconnectedError,
    InvalidInputError,
    ModelError,
    ModelTimeoutError,
    OverloadedError,
)
from ...types import Complete, ModelInput
from ..execution.plan import ExecutionPlan
from ..predictor import Predictor
from ..thread_priority import lower_priority
from .batch_metrics import BatchMetrics
from .call_times import CallTimes
from .outcomes import Answered, Call, hand_out, settle
from .pause import AdaptivePause
from .queue import RequestQueue, WaitingRequest

if TYPE_CHECKING:
    from ...service import Service


class Batcher:
    """Answers requests in the event loop; the model runs in a thread for each call at once.

    An idle model is called at once. While all threads are busy, requests wait and are joined. A
    call that left others waiting is followed by a short pause, if that has lately paid: the clients
    that it answered may ask again.

    Args:
        predictor: runs the model.
        queue: where requests wait.
        calls: at once.
        limit_s: the time from a request's arrival to its answer.
        metrics: of calls and of waiting requests.
        times: of calls, as far as they are known.
        complete: prepares inputs in the thread, such as by tokenization; None if there is nothing.
    """

    def __init__(
        self,
        predictor: Predictor,
        queue: RequestQueue,
        *,
        calls: int,
        limit_s: float,
        metrics: BatchMetrics,
        times: CallTimes | None = None,
        complete: Complete | None = None,
    ) -> None:
        """Start no thread yet."""
        self.predictor, self._queue, self._complete = predictor, queue, complete
        self._calls = self._free = calls
        self._limit_s, self._metrics = limit_s, metrics
        self._pool = ThreadPoolExecutor(
            calls, thread_name_prefix="model", initializer=lower_priority
        )
        self._times = times or CallTimes()
        self._running: dict[int, tuple[float, int]] = {}  # since when, and the rows, of each call
        self._pause = AdaptivePause()
        self._pausing: asyncio.TimerHandle | None = None
        self._expected = 0  # rows that end a pause

    async def predict(
        self, given: ModelInput, consumer: str = "", receive: Receive | None = None
    ) -> Answered:
        """Return the prediction of one request.

        Args:
            given: its input.
            consumer: who asks; consumers take turns.
            receive: the server's; it says that the client has gone away.

        Raises:
            OverloadedError: it would wait longer than the limit.
            ModelTimeoutError: it has waited longer than the limit.
            DisconnectedError: the client went away before the call.
            ModelError: the model failed, and there is no fallback.
        """
        if (delay_s := self.delay_s(given.rows, consumer)) > self._limit_s:
            raise self.refuse("Too many predictions wait for the model.", delay_s - self._limit_s)
        loop = asyncio.get_running_loop()
        request = WaitingRequest(given, consumer, loop.create_future(), time.perf_counter())
        self._queue.add(request)
        self._start_calls()
        timer = loop.call_later(self._limit_s, self._time_out, request)
        waits = receive is not None and not request.called
        watch = loop.create_task(_watch(receive, request)) if waits and receive else None
        try:
            return await request.answer
        finally:
            timer.cancel()
            if watch:
                watch.cancel()
            if not request.called:
                self._queue.remove(request)
                self._metrics.queued.set(self._queue.requests)

    def refuse(self, reason: str, wait_s: float) -> OverloadedError:
        """Count a refused request, and return its error.

        Args:
            reason: a sentence.
            wait_s: after which another try may succeed.
        """
        self._metrics.shed.inc()
        return OverloadedError(reason, retry_after_s=max(1, ceil(wait_s)))

    def delay_s(self, rows: int = 0, consumer: str | None = None) -> float:
        """Return how long a request would wait for the end of its call; 0 if nothing is ahead.

        Args:
            rows: of the request.
            consumer: who asks, and takes turns; None for the end of all that waits.
        """
        if self._free and not self._queue.requests:
            return 0.0
        now = time.perf_counter()
        left = [self._times.seconds(rows) - (now - since) for since, rows in self._running.values()]
        own = self._queue.calls_until(rows, consumer)
        queued_s = self._times.seconds(own.rows, own.calls)
        last_s = queued_s / own.calls if own.calls else 0.0
        ahead_s = sum(each for each in left if each > 0) + queued_s - last_s
        return ahead_s / self._calls + last_s

    def close(self) -> None:
        """Stop the threads; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start_calls(self) -> None:
        """Call the model for what waits, as far as threads are free and no pause is due."""
        if self._pausing:
            if self._queue.rows < self._expected:
                return
            self._end_pause(filled=True)
        while self._free and self._queue.requests:
            self._call(self._queue.take())
        self._metrics.queued.set(self._queue.requests)

    def _call(self, requests: Sequence[WaitingRequest]) -> None:
        now = time.perf_counter()
        for each in requests:
            each.called = True
        self._metrics.waits.observe_many([now - each.since for each in requests])
        self._metrics.rows.observe(sum(each.given.rows for each in requests))
        self._free -= 1
        self._running[id(requests)] = now, sum(each.given.rows for each in requests)
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._pool, self._run, [each.given for each in requests])
        call.add_done_callback(partial(self._finish, requests))

    def _run(self, inputs: Sequence[ModelInput]) -> Call:
        """Run the model, in a thread."""
        began = time.perf_counter()
        completed = self._complete(inputs) if self._complete else inputs
        valid = [each for each in completed if not isinstance(each, InvalidInputError)]
        started = time.perf_counter()
        outcomes = self.predictor.predict_joined(valid) if valid else []
        ended = time.perf_counter()
        return Call(completed, outcomes, ended - started, ended - began)

    def _finish(self, requests: Sequence[WaitingRequest], finished: "asyncio.Future[Call]") -> None:
        """Hand out the answers of a call, and start the next one."""
        self._free += 1
        _, rows = self._running.pop(id(requests))
        if finished.cancelled():
            error: BaseException | None = ModelError("The service stops.")
        else:
            error = finished.exception()
        if error:
            for each in requests:
                settle(each, error)
        else:
            call = finished.result()
            self._times.add(rows, call.thread_seconds)
            hand_out(requests, call)
        if self._queue.requests and not self._pausing:
            self._begin_pause(rows)
        self._start_calls()

    def _begin_pause(self, answered_rows: int) -> None:
        """Wait for the clients that were answered, if they would fit into the call.

        A pause takes no longer than what it may save: a call, less the time of its rows.
        """
        self._expected = min(self._queue.most_rows, self._queue.rows + answered_rows)
        if self._queue.joins and self._queue.rows < self._expected:
            pause_s = min(self._pause.share * self._times.mean_s, self._times.seconds(0))
            self._pausing = asyncio.get_running_loop().call_later(pause_s, self._pass_pause)

    def _pass_pause(self) -> None:
        self._end_pause(filled=False)
        self._start_calls()

    def _end_pause(self, *, filled: bool) -> None:
        if self._pausing:
            self._pausing.cancel()
            self._pausing = None
            self._pause.learn(filled=filled)

    def _time_out(self, request: WaitingRequest) -> None:
        error = ModelTimeoutError(f"The model took longer than {self._limit_s:g} s.")
        settle(request, error)


def make_batcher(service: "Service", predictor: Predictor, plan: ExecutionPlan) -> Batcher:
    """Return what runs a slow model as planned, within the operator's limits."""
    settings = service.settings
    queue = RequestQueue(rows=settings.batch_rows, size=settings.batch_bytes, joins=plan.batching)
    return Batcher(
        predictor,
        queue,
        calls=plan.calls,
        limit_s=settings.predict_timeout_s,
        metrics=BatchMetrics(service.registry),
        times=CallTimes(plan.latency_ms / 1e3, plan.row_ms / 1e3),
        complete=service.codec.inputs.complete_later(),
    )


async def _watch(receive: Receive, request: WaitingRequest) -> None:
    """Give a request up whose client goes away before the call."""
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass
    if not request.called:
        settle(request, DisconnectedError("The client went away before its answer."))
