"""Requests wait for a slow model together, and each gets its own answer."""

import asyncio
import random
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import numpy as np
import pytest
from modelserve import errors
from modelserve.artifact import Artifact
from modelserve.manifest import OutputBounds
from modelserve.serving.batching import batcher as batching
from modelserve.serving.batching.batch_metrics import BatchMetrics
from modelserve.serving.batching.batcher import Batcher
from modelserve.serving.batching.call_times import CallTimes
from modelserve.serving.batching.outcomes import Answered
from modelserve.serving.batching.queue import RequestQueue
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.predictor import Predictor
from modelserve.types import ModelInput, Outputs, Tensors
from starlette.types import Message

PATIENCE_S = 10
POISON = -1.0


class Doubling:
    """A slow model: it answers twice the value of each row once it is let go, and no poison."""

    def __init__(self) -> None:
        self.calls: list[list[float]] = []
        self.running = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.open = False

    def run(self, tensors: Tensors) -> Outputs:
        """Wait, and answer."""
        values = tensors["x"][:, 0]
        self.calls.append(values.tolist())
        self.running.release()
        if not self.open and not self.go.acquire(timeout=PATIENCE_S):
            raise TimeoutError("nobody let the model go")
        if POISON in values:
            raise ValueError("poison")
        return values[:, None] * 2


def row(*values: float) -> ModelInput:
    """Return the input of a request."""
    return ModelInput({"x": np.array(values, dtype=np.float32)[:, None]}, len(values))


class Bench:
    """A batcher over the model, in a running loop."""

    def __init__(self, trained: Artifact, *, degraded: bool = False) -> None:
        manifest = trained.manifest.model_copy(
            update={"labels": (), "fallback": (7.0,), "output_bounds": OutputBounds()}
        )
        self.model = Doubling()
        self.registry = MetricsRegistry(trained.manifest)
        notifier: Any = SILENT
        self.predictor = Predictor(self.model, manifest, notifier, degraded_answers=degraded)
        self.metrics = BatchMetrics(self.registry)
        self.batchers: list[Batcher] = []

    def make(
        self, *, rows: int = 8, joins: bool = True, calls: int = 1, limit_s: float = 5, **more: Any
    ) -> Batcher:
        """Return a batcher."""
        queue = RequestQueue(rows=rows, size=1_000, joins=joins)
        batcher = Batcher(
            self.predictor, queue, calls=calls, limit_s=limit_s, metrics=self.metrics, **more
        )
        self.batchers.append(batcher)
        return batcher

    async def entered(self) -> None:
        """Wait until a call has begun."""
        while not self.model.running.acquire(blocking=False):
            await asyncio.sleep(0.001)

    def figure(self, name: str) -> float:
        """Return the sum of a metric's series."""
        lines = self.registry.expose().decode().splitlines()
        return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(f"{name}{{"))


class Silent:
    """A notifier that notifies nobody."""

    def notify(self, key: str, text: str) -> None:
        """Do nothing."""


SILENT = Silent()


class Clock:
    """The time, which stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of calls."""
    made = Clock()
    monkeypatch.setattr(batching, "time", made)
    return made


@pytest.fixture
def bench(trained: Artifact) -> Iterator[Bench]:
    """Return a batcher's model and metrics."""
    made = Bench(trained)
    yield made
    made.model.open = True
    made.model.go.release(1_000)
    for each in made.batchers:
        each.close()


def value_of(answered: Answered) -> list[float]:
    """Return the outputs of a request."""
    values: list[float] = answered.prediction.outputs[:, 0].tolist()
    return values


async def ask(
    batcher: Batcher, *inputs: ModelInput, **options: Any
) -> "list[asyncio.Task[Answered]]":
    """Return the tasks of requests that wait."""
    tasks = [asyncio.ensure_future(batcher.predict(each, **options)) for each in inputs]
    await asyncio.sleep(0)
    return tasks


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test's body within its patience."""
    asyncio.run(asyncio.wait_for(coroutine, PATIENCE_S))


def test_an_idle_model_is_called_at_once_and_alone(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make()
        bench.model.open = True
        for i in range(3):
            assert value_of(await batcher.predict(row(i))) == [2 * i]

    run(body())
    assert bench.model.calls == [[0.0], [1.0], [2.0]]


def test_what_waits_is_joined_to_one_call_and_each_request_gets_its_own_rows(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make()
        (first,) = await ask(batcher, row(1))
        await bench.entered()
        others = await ask(batcher, row(2), row(3, 4), row(5))
        bench.model.go.release(2)
        answers = [value_of(each) for each in await asyncio.gather(first, *others)]
        assert answers == [[2], [4], [6, 8], [10]]

    run(body())
    assert bench.model.calls == [[1], [2, 3, 4, 5]]
    assert bench.figure("model_batch_rows_count") == 2
    assert bench.figure("model_batch_rows_sum") == 5
    assert bench.figure("model_queue_seconds_count") == 4


def test_a_call_of_many_requests_answers_all_of_them(bench: Bench) -> None:
    """More than are answered in one turn of the loop."""

    async def body() -> None:
        batcher = bench.make(rows=64)
        bench.model.open = True
        tasks = await ask(batcher, *(row(i) for i in range(41)))
        answers = [value_of(each) for each in await asyncio.gather(*tasks)]
        assert answers == [[2 * i] for i in range(41)]

    run(body())
    assert max(map(len, bench.model.calls)) == 40


def test_without_joining_each_request_has_a_call_of_its_own(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make(joins=False)
        bench.model.open = True
        await asyncio.gather(*await ask(batcher, row(1), row(2), row(3)))

    run(body())
    assert bench.model.calls == [[1], [2], [3]]


def test_several_calls_run_at_once(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make(calls=2)
        tasks = await ask(batcher, row(1), row(2), row(3))
        await bench.entered()
        await bench.entered()
        assert sorted(bench.model.calls) == [[1], [2]]
        bench.model.open = True
        bench.model.go.release(2)
        await asyncio.gather(*tasks)

    run(body())


@pytest.mark.parametrize("place", range(5))
def test_of_joined_requests_only_the_one_that_fails_fails(bench: Bench, place: int) -> None:
    async def body() -> None:
        batcher = bench.make()
        (first,) = await ask(batcher, row(0))
        await bench.entered()
        bench.model.open = True
        inputs = [row(i + 1) for i in range(5)]
        inputs[place] = row(9, POISON)
        tasks = await ask(batcher, *inputs)
        bench.model.go.release()
        outcomes = await asyncio.gather(first, *tasks, return_exceptions=True)
        failed = outcomes.pop(place + 1)
        assert isinstance(failed, errors.ModelError)
        rest = [value_of(each) for each in outcomes if isinstance(each, Answered)]
        assert rest == [[0], *([2 * i + 2] for i in range(5) if i != place)]

    run(body())


def test_of_joined_requests_the_fallback_answers_only_the_one_that_fails(trained: Artifact) -> None:
    bench = Bench(trained, degraded=True)

    async def body() -> None:
        batcher = bench.make()
        (first,) = await ask(batcher, row(0))
        await bench.entered()
        bench.model.open = True
        tasks = await ask(batcher, row(1), row(POISON), row(float("nan"), 3))
        bench.model.go.release()
        answers = await asyncio.gather(first, *tasks)
        assert [value_of(each) for each in answers] == [[0], [2], [7], [7, 6]]
        assert [each.prediction.degraded for each in answers] == [False, False, True, True]
        assert list(answers[3].prediction.invalid) == [0]

    run(body())
    bench.batchers[0].close()


def test_a_client_that_goes_away_is_not_asked_about(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make()
        (first,) = await ask(batcher, row(1))
        await bench.entered()
        gone = asyncio.Event()

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        (leaving,) = await ask(batcher, row(2), receive=receive)
        (staying,) = await ask(batcher, row(3))
        assert bench.figure("model_queued_requests") == 2
        gone.set()
        with pytest.raises(errors.DisconnectedError):
            await leaving
        assert bench.figure("model_queued_requests") == 1
        bench.model.go.release(2)
        assert value_of(await staying) == [6]
        await first

    run(body())
    assert bench.model.calls == [[1], [3]]


def test_a_request_that_waits_too_long_is_not_asked_about(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make(limit_s=0.05)
        (first, second) = await ask(batcher, row(1), row(2))
        for each in (first, second):
            with pytest.raises(errors.ModelTimeoutError, match=r"longer than 0\.05 s"):
                await each
        bench.model.open = True
        bench.model.go.release()
        assert value_of(await batcher.predict(row(3))) == [6]

    run(body())
    assert bench.model.calls == [[1], [3]]


def test_a_request_that_would_wait_longer_than_the_limit_is_refused_with_an_honest_time(
    bench: Bench, clock: Clock
) -> None:
    async def body() -> None:
        batcher = bench.make(rows=2, limit_s=45, times=CallTimes(20.0))
        tasks = await ask(batcher, row(1), row(2), row(3))
        assert batcher.delay_s() == 40  # two calls: the one under way, and the next
        with pytest.raises(errors.OverloadedError) as refused:
            await batcher.predict(row(4))
        assert refused.value.retry_after_s == 15  # a third call would end after 60 seconds
        assert bench.figure("model_shed_total") == 1
        clock.now = 16.0
        assert batcher.delay_s(1) == 44  # four seconds are left of the first one
        bench.model.open = True
        bench.model.go.release()
        await asyncio.gather(*tasks)

    run(body())


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize("calls", [1, 2])
def test_an_idle_model_refuses_nothing_however_slow_it_is(
    bench: Bench, joins: bool, calls: int
) -> None:
    async def body() -> None:
        batcher = bench.make(joins=joins, calls=calls, limit_s=5, times=CallTimes(20.0, 20.0))
        bench.model.open = True
        for _ in range(2):
            assert value_of(await batcher.predict(row(*range(64)))) == [*range(0, 128, 2)]
        assert bench.figure("model_shed_total") == 0

    run(body())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("joins", "calls", "expected"),
    [
        pytest.param(True, 1, 100, id="full calls of 37.5 ms for 8 requests"),
        pytest.param(True, 2, 200, id="two at once"),
        pytest.param(False, 1, 51, id="calls of 9.5 ms for one request"),
    ],
)
def test_of_a_burst_is_refused_what_would_be_answered_too_late(
    bench: Bench, joins: bool, calls: int, expected: int
) -> None:
    async def body() -> None:
        times = CallTimes(0.006, 0.0005)
        for _ in range(30):
            times.add(1, 0.006)
        batcher = bench.make(rows=64, joins=joins, calls=calls, limit_s=0.5, times=times)
        tasks = await ask(batcher, *[row(*range(8))] * 300)
        refused = [each for each in tasks if each.done()]
        assert all(isinstance(each.exception(), errors.OverloadedError) for each in refused)
        assert len(tasks) - len(refused) == pytest.approx(expected, abs=8)
        for each in tasks:
            each.cancel()

    run(body())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("joins", [True, False])
def test_a_consumer_whose_turn_is_next_does_not_wait_for_what_another_one_asked(
    bench: Bench, joins: bool
) -> None:
    async def body() -> None:
        batcher = bench.make(rows=8, joins=joins, limit_s=5, times=CallTimes(1.0))
        many = await ask(batcher, *[row(*range(8))] * 5, consumer="many")
        assert batcher.delay_s(8, "many") == 6
        assert batcher.delay_s(8, "few") == 3  # after the call under way, and one of the other's
        with pytest.raises(errors.OverloadedError):
            await batcher.predict(row(*range(8)), "many")
        few = await ask(batcher, row(1), consumer="few")
        bench.model.open = True
        bench.model.go.release()
        await asyncio.gather(*few, *many)

    run(body())


def test_after_a_call_that_left_others_waiting_the_answered_clients_may_join(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make(limit_s=1_000, times=CallTimes(20.0))  # a pause of two seconds
        tasks = await ask(batcher, row(1))
        await bench.entered()
        tasks += await ask(batcher, row(2))
        bench.model.go.release()
        await tasks[0]
        await asyncio.sleep(0.01)
        assert bench.model.calls == [[1]]
        bench.model.open = True
        tasks += await ask(batcher, row(3))  # the client of the first asks again
        await asyncio.gather(*tasks)

    run(body())
    assert bench.model.calls == [[1], [2, 3]]


def test_a_model_that_takes_its_time_for_each_row_makes_no_pause(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make(limit_s=1_000, times=CallTimes(20.0, 20.0))
        tasks = await ask(batcher, row(1))
        await bench.entered()
        tasks += await ask(batcher, row(2))
        bench.model.go.release()
        await tasks[0]
        await asyncio.sleep(0.01)
        bench.model.open = True
        tasks += await ask(batcher, row(3))
        bench.model.go.release()
        await asyncio.gather(*tasks)

    run(body())
    assert bench.model.calls == [[1], [2], [3]]


def test_the_pause_ends_although_nobody_joins(bench: Bench) -> None:
    async def body() -> None:
        batcher = bench.make(times=CallTimes(0.2))
        before = batcher._pause.share
        tasks = await ask(batcher, row(1))
        await bench.entered()
        tasks += await ask(batcher, row(2))
        bench.model.open = True
        bench.model.go.release()
        await asyncio.gather(*tasks)
        assert batcher._pause.share < before  # it did not pay

    run(body())
    assert bench.model.calls == [[1], [2]]


def test_inputs_are_completed_in_the_thread_and_returned(bench: Bench) -> None:
    threads = []

    def complete(inputs: Any) -> Any:
        threads.append(threading.current_thread().name)
        return [each._replace(tensors=row(each.characters[0]).tensors) for each in inputs]

    async def body() -> None:
        batcher = bench.make(complete=complete)
        bench.model.open = True
        answered = await batcher.predict(ModelInput({}, 1, characters=[4]))
        assert value_of(answered) == [8]
        assert answered.given.tensors["x"].tolist() == [[4]]
        assert answered.model_seconds > 0

    run(body())
    assert threads[0].startswith("model")


def test_a_completion_that_fails_fails_its_requests_and_no_later_one(bench: Bench) -> None:
    def complete(inputs: Any) -> Any:
        if inputs[0].rows == 2:
            raise errors.ModelError("no tokens")
        return inputs

    async def body() -> None:
        batcher = bench.make(complete=complete)
        bench.model.open = True
        with pytest.raises(errors.ModelError, match="no tokens"):
            await batcher.predict(row(1, 2))
        assert value_of(await batcher.predict(row(3))) == [6]

    run(body())


@pytest.mark.parametrize("calls", [1, 3])
def test_whatever_clients_do_each_gets_its_own_answer_and_nothing_is_left(
    bench: Bench, calls: int
) -> None:
    chance = random.Random(calls)

    async def one(batcher: Batcher, value: int) -> None:
        await asyncio.sleep(chance.random() * 0.05)
        values = [POISON] if value % 17 == 0 else [value] * chance.randint(1, 3)
        asked = batcher.predict(row(*values), consumer=f"c{value % 3}")
        try:
            answered = await asyncio.wait_for(asked, chance.choice([0.0005, 5]))
        except TimeoutError:
            return
        except errors.ModelError:
            assert values == [POISON]
        else:
            assert value_of(answered) == [2 * each for each in values]

    async def body() -> None:
        batcher = bench.make(calls=calls)
        bench.model.open = True
        await asyncio.gather(*(one(batcher, i) for i in range(300)))
        assert value_of(await batcher.predict(row(5))) == [10]
        assert (batcher._queue.requests, batcher._queue.rows) == (0, 0)
        while batcher._free != calls:
            await asyncio.sleep(0.001)

    run(body())
    assert bench.figure("model_queued_requests") == 0
