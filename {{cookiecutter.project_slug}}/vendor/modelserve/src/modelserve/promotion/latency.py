"""Compare how long two ONNX graphs take for a call, in turns in one process."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..training.dataset import Dataset, Files
from .comparison import LatencyRatio

BATCH = 64  # rows of the larger call
WARM_UP, FEWEST, MOST = 3, 15, 200  # calls of each graph
MAX_SECONDS = 2.0
# What a request takes besides; below it, nobody sees the difference.
LEAST_MS = 0.5

Tensors = Mapping[str, NDArray[Any]]


def compare_latency(
    sessions: tuple[ort.InferenceSession, ort.InferenceSession],
    datasets: tuple[Dataset, Dataset],
    files: tuple[Files, Files],
    *,
    most: float,
) -> tuple[LatencyRatio, ...]:
    """Return how long both graphs take for one row, and for a batch.

    A candidate is too slow if the ratio, and the lower end of its interval, exceed what is allowed,
    and a call takes longer by `LEAST_MS` or more.

    Args:
        sessions: of the served model and of the candidate.
        datasets: the same rows, with the columns of each.
        files: of each artifact, by name.
        most: the ratio that is allowed.
    """
    results = []
    for rows in dict.fromkeys((1, min(BATCH, len(datasets[0])))):
        feeds = [
            next(iter(each.take(np.arange(rows)).batches(contents)))
            for each, contents in zip(datasets, files, strict=True)
        ]
        times = _measure(sessions, feeds)
        served, fresh = np.median(times, axis=0)
        low, ratio, high = _ratio(times)
        slow = low > most and bool(fresh - served >= LEAST_MS)
        results.append(LatencyRatio(rows, float(served), float(fresh), ratio, low, high, slow))
    return tuple(results)


def _measure(
    sessions: tuple[ort.InferenceSession, ort.InferenceSession], feeds: Sequence[Tensors]
) -> NDArray[np.float64]:
    """Return the time of each call in milliseconds, of shape (calls, 2)."""
    times: list[list[float]] = []
    until = time.perf_counter() + MAX_SECONDS
    while len(times) < WARM_UP + FEWEST or (
        len(times) < WARM_UP + MOST and time.perf_counter() < until
    ):
        # Whoever comes first finds colder caches: they take turns at it.
        turn = [0, 1] if len(times) % 2 else [1, 0]
        taken = [0.0, 0.0]
        for place in turn:
            started = time.perf_counter()
            sessions[place].run(None, feeds[place])
            taken[place] = 1000 * (time.perf_counter() - started)
        times.append(taken)
    return np.array(times[WARM_UP:])


def _ratio(times: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the median ratio of the candidate's time, between the ends of its 95 % interval.

    Source: the interval of a median by order statistics, with a binomial's normal approximation.
    """
    ratios = np.sort(times[:, 1] / times[:, 0].clip(min=1e-9))
    count = len(ratios)
    half = 1.96 * np.sqrt(count) / 2
    low, high = max(int(count / 2 - half), 0), min(int(np.ceil(count / 2 + half)), count - 1)
    return float(ratios[low]), float(np.median(ratios)), float(ratios[high])
