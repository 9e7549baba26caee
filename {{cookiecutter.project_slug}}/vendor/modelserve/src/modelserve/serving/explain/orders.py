"""Shapley values by orders in which a row's values replace those of a background row."""

# An order adds one field after another; what the answer changes by is the field's contribution in
# that order. Each order comes with its reverse: their mean is exact for sums of terms of one or two
# fields, and the contributions of every order sum to the answer minus that of the background row.
#
# Source: Štrumbelj & Kononenko (2014), Explaining prediction models and individual predictions with
# feature contributions; Mitchell et al. (2022), Sampling permutations for Shapley value estimation.

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

SEED = 0  # the same row has the same explanation
RUNS = 300  # of the model, for one row

Ranks = NDArray[np.int64]
Evaluate = Callable[[NDArray[np.int64], NDArray[np.bool_]], NDArray[np.float32]]


def random_orders(fields: int, background: int) -> tuple[Ranks, Ranks]:
    """Return some orders for each background row, each followed by its reverse.

    There are two, or more for few fields: as many as take about `RUNS` runs of the model. Among
    `fields` of them, each field takes each place once.

    Returns:
        the place of each field in each order, of shape (orders, fields); and the number of each
        order's background row, of shape (orders,).
    """
    pairs = max(1, RUNS // (2 * background * max(fields - 1, 1)))
    generator = np.random.default_rng(SEED)
    count = pairs * background
    blocks = [generator.permutation(fields) for _ in range(0, count, fields)]
    places = [(blocks[i // fields] + i) % fields for i in range(count)]
    return with_reverse(np.array(places)), np.repeat(np.arange(background), 2 * pairs)


def with_reverse(places: Ranks) -> Ranks:
    """Return each order, followed by its reverse."""
    orders, fields = places.shape
    return np.stack([places, fields - 1 - places], axis=1).reshape(2 * orders, fields)


def count_runs(ranks: Ranks) -> int:
    """Return how many rows the model answers for one explanation."""
    orders, fields = ranks.shape
    return int(orders * (fields - 1))


def estimate(
    ranks: Ranks,
    first: NDArray[np.float32],
    last: float,
    evaluate: Evaluate,
    *,
    chunk: int,
) -> NDArray[np.float64]:
    """Return the contribution of each field, of shape (fields,).

    Args:
        ranks: the place of each field in each order, of shape (orders, fields).
        first: the answer for the background row of each order, of shape (orders,).
        last: the answer for the row itself.
        evaluate: returns answers of shape (n,) for the orders' numbers, of shape (n,), and for
            which fields have the row's value, of shape (n, fields).
        chunk: rows that are evaluated at once.
    """
    orders, fields = ranks.shape
    answers = np.empty((orders, fields + 1))
    answers[:, 0], answers[:, -1] = first, last
    steps = max(fields - 1, 1)
    inner = [
        evaluate(order, ranks[order] <= step[:, None])
        for order, step in _chunks(count_runs(ranks), steps, chunk)
    ]
    if inner:
        answers[:, 1:-1] = np.concatenate(inner).reshape(orders, -1)
    changes = np.diff(answers, axis=1)
    by_field: NDArray[np.float64] = np.take_along_axis(changes, ranks, axis=1).mean(axis=0)
    return by_field


def _chunks(runs: int, steps: int, chunk: int) -> Iterator[tuple[Ranks, Ranks]]:
    """Yield the number of the order, and of the step in it, of some runs at once."""
    for start in range(0, runs, chunk):
        yield np.divmod(np.arange(start, min(start + chunk, runs)), steps)
