"""A slow model's calls are spread over the processors in the way that answers most rows."""

import threading
import time

import numpy as np
import pytest
from modelserve.serving.execution.layouts import (
    Layout,
    Measured,
    best,
    list_calls,
    list_layouts,
    measure_rows_per_s,
)
from modelserve.types import Outputs, Tensors

PATIENCE_S = 10


def measured(layout: Layout, rows_per_s: float, latency_ms: float = 10.0) -> Measured:
    """Return a layout with what was measured of it."""
    return Measured(layout, latency_ms, rows=8, batch_ms=20.0, rows_per_s=rows_per_s)


@pytest.mark.parametrize(
    ("processors", "calls", "threads", "expected"),
    [
        pytest.param(1, None, None, [(1, 1)], id="one processor"),
        pytest.param(2, None, None, [(2, 1), (1, 2)], id="two"),
        pytest.param(16, None, None, [(16, 1), (4, 4), (1, 16)], id="sixteen"),
        pytest.param(16, None, 4, [(4, 4)], id="threads given"),
        pytest.param(2, None, 8, [(1, 8)], id="more threads than processors"),
        pytest.param(16, 4, None, [(4, 1), (4, 4)], id="calls given"),
        pytest.param(2, 4, None, [(4, 1)], id="more calls than processors"),
        pytest.param(2, 3, 5, [(3, 5)], id="both given"),
    ],
)
def test_layouts_fill_the_processors_unless_the_operator_says_otherwise(
    processors: int, calls: int | None, threads: int | None, expected: list[tuple[int, int]]
) -> None:
    assert list_layouts(processors, calls=calls, threads=threads) == expected


@pytest.mark.parametrize(
    ("most", "calls", "expected"),
    [(4, None, [(1, 1), (4, 1)]), (1, None, [(1, 1)]), (4, 7, [(7, 1)])],
)
def test_one_call_is_compared_with_several(
    most: int, calls: int | None, expected: list[tuple[int, int]]
) -> None:
    assert list_calls(most, calls=calls, threads=1) == expected


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        pytest.param(
            [measured(Layout(2, 1), 300, 10), measured(Layout(1, 2), 200, 5)],
            Layout(2, 1),
            id="most rows",
        ),
        pytest.param(
            [measured(Layout(2, 1), 300, 10), measured(Layout(1, 2), 280, 5)],
            Layout(1, 2),
            id="as many rows, and less latency",
        ),
        pytest.param(
            [measured(Layout(4, 1), 300, 9.9), measured(Layout(1, 1), 299, 10.1)],
            Layout(1, 1),
            id="all the same",
        ),
    ],
)
def test_the_most_rows_win_and_then_the_lowest_latency(
    candidates: list[Measured], expected: Layout
) -> None:
    assert best(candidates).layout == expected


@pytest.mark.parametrize(
    ("rows", "batch_ms", "joins"), [(8, 20, True), (8, 63, True), (8, 65, False), (1, 1, False)]
)
def test_rows_are_joined_where_that_is_clearly_cheaper(
    rows: int, batch_ms: float, joins: bool
) -> None:
    assert Measured(Layout(1, 1), 10.0, rows, batch_ms, 1.0).joins == joins


class Meeting:
    """A model that answers only if it is called several times at once.

    Args:
        calls: at once.
    """

    def __init__(self, calls: int) -> None:
        self._barrier = threading.Barrier(calls, timeout=PATIENCE_S)
        self.called = 0

    def run(self, tensors: Tensors) -> Outputs:
        """Wait for the others."""
        if self._barrier.wait() == 0:
            self.called += 1
        time.sleep(0.01)
        return np.zeros((1, 1), np.float32)


def test_a_model_is_called_in_several_threads_at_once() -> None:
    model = Meeting(3)
    rows_per_s = measure_rows_per_s(model, {}, 5, calls=3, limit_s=0)
    assert model.called == 1
    assert 0 < rows_per_s <= 3 * 5 / 0.01


def test_a_model_is_called_until_the_time_is_over() -> None:
    model = Meeting(1)
    started = time.perf_counter()
    rows_per_s = measure_rows_per_s(model, {}, 1, calls=1, limit_s=0.1)
    assert time.perf_counter() - started >= 0.1
    assert 1 < model.called <= 11
    assert rows_per_s <= model.called / 0.1
