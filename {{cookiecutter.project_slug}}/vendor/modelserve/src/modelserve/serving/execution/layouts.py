"""How a slow model's calls can be spread over processors, and which way is best."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import isfinite, isqrt
from time import perf_counter
from typing import NamedTuple

from ...types import Model, Tensors

# What is within this share of the best was measured as good.
EQUAL = 0.9
# A call of several rows is worth waiting for if it takes less than this share of single calls.
WORTH_JOINING = 0.8
# Of a model of the project's own, which may wait for another service.
OWN_CALLS = 4
DEVICE_CALLS = 2  # one prepares its inputs while the device works on the other's


class Layout(NamedTuple):
    """Calls of the model at once, and the threads of each."""

    calls: int
    threads: int


class Measured(NamedTuple):
    """What was measured of a layout: a call of one row and of `rows` rows, and rows per second.

    The times are the least of a call alone. Rows per second are what layouts are compared by, so
    they are measured under load, 0 if there is nothing to compare.
    """

    layout: Layout
    latency_ms: float
    rows: int
    batch_ms: float
    rows_per_s: float = 0.0

    @property
    def joins(self) -> bool:
        """Return whether one call of several rows takes clearly less than a call for each."""
        return self.rows > 1 and self.batch_ms < WORTH_JOINING * self.rows * self.latency_ms

    @property
    def row_ms(self) -> float:
        """Return what each further row adds to a call; 0 if it was not measured."""
        known = self.rows > 1 and isfinite(self.batch_ms)
        return max(0.0, self.batch_ms - self.latency_ms) / (self.rows - 1) if known else 0.0


def list_layouts(processors: int, *, calls: int | None, threads: int | None) -> list[Layout]:
    """Return the layouts of a graph that is run on processors.

    They are many calls at once of one thread, one call of many threads, and what is between them.

    Args:
        processors: that run at the same time.
        calls: at once, if the operator has chosen.
        threads: of one call, if the operator has chosen.
    """
    if calls and threads:
        return [Layout(calls, threads)]
    if threads:
        return [Layout(max(1, processors // threads), threads)]
    if calls:
        return _unique([Layout(calls, 1), Layout(calls, max(1, processors // calls))])
    choices = (1, isqrt(processors), processors)
    return _unique([Layout(processors // each, each) for each in choices])


def list_calls(most: int, *, calls: int | None, threads: int) -> list[Layout]:
    """Return the layouts of a model whose threads do not matter: one call at once, or several."""
    return _unique([Layout(each, threads) for each in ([calls] if calls else [1, most])])


def best(measured: Sequence[Measured]) -> Measured:
    """Return the layout with the most rows per second; of equal ones, that of the lowest latency.

    Of equal latencies, the one of the fewest calls at once.
    """
    enough = EQUAL * max(each.rows_per_s for each in measured)
    fast = [each for each in measured if each.rows_per_s >= enough]
    most_ms = min(each.latency_ms for each in fast) / EQUAL
    equal = [each for each in fast if each.latency_ms <= most_ms]
    return min(equal, key=lambda each: each.layout.calls)


def measure_rows_per_s(
    model: Model, tensors: Tensors, rows: int, *, calls: int, limit_s: float
) -> float:
    """Return how many rows a model answers in a second, in several threads.

    Args:
        model: is called, at least once in each thread.
        tensors: of each call.
        rows: of each call.
        calls: at once.
        limit_s: after which no further call begins.
    """
    started = perf_counter()

    def repeat(_: int) -> int:
        done = 0
        while not done or perf_counter() - started < limit_s:
            model.run(tensors)
            done += 1
        return done

    with ThreadPoolExecutor(calls, thread_name_prefix="measure") as pool:
        done = sum(pool.map(repeat, range(calls)))
    return done * rows / (perf_counter() - started)


def _unique(layouts: Sequence[Layout]) -> list[Layout]:
    return list(dict.fromkeys(layouts))
