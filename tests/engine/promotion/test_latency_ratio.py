"""A graph is too slow only if it is slower beyond noise, by a time that somebody would notice."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Table
from modelserve.promotion import latency
from modelserve.promotion.latency import compare_latency


class FakeClock:
    """A clock that only moves when a graph runs."""

    def __init__(self) -> None:
        """Start at zero."""
        self.now = 0.0

    def perf_counter(self) -> float:
        """Return the time in seconds."""
        return self.now


class FakeGraph:
    """A graph that takes some time for a call, with noise."""

    def __init__(self, clock: FakeClock, takes_ms: float, noise: float, seed: int) -> None:
        """Keep the time."""
        self.clock, self.takes_ms, self.noise = clock, takes_ms, noise
        self.generator = np.random.default_rng(seed)
        self.calls: list[int] = []

    def run(self, _: None, tensors: dict[str, Any]) -> None:
        """Let the clock move on."""
        self.calls.append(len(tensors["features"]))
        self.clock.now += self.takes_ms * np.exp(self.generator.normal(0, self.noise)) / 1000


@pytest.mark.parametrize(
    ("served_ms", "fresh_ms", "noise", "too_slow"),
    [
        pytest.param(10, 10, 0.1, False, id="equal"),
        pytest.param(10, 30, 0.1, True, id="three-times"),
        pytest.param(10, 19, 0.1, False, id="below-the-limit"),
        pytest.param(10, 21, 1.5, False, id="within-noise"),
        pytest.param(0.01, 0.1, 0.1, False, id="nobody-notices"),
    ],
)
def test_a_ratio_counts_beyond_noise(
    monkeypatch: pytest.MonkeyPatch,
    served_ms: float,
    fresh_ms: float,
    noise: float,
    too_slow: bool,
) -> None:
    clock = FakeClock()
    monkeypatch.setattr(latency, "time", clock)
    graphs: Any = (FakeGraph(clock, served_ms, noise, 0), FakeGraph(clock, fresh_ms, noise, 2))
    table = Table(pd.DataFrame({"x": np.arange(100.0)}), pd.Series(np.arange(100.0)))

    results = compare_latency(graphs, (table, table), ({}, {}), most=2.0)

    one, batch = results[0], results[-1]
    assert [each.too_slow is too_slow for each in (one, batch)] == [True, True]
    assert (one.rows, batch.rows) == (1, 64)
    assert one.low <= one.ratio <= one.high
    assert noise > 1 or one.ratio == pytest.approx(fresh_ms / served_ms, rel=0.1)
    assert graphs[0].calls == graphs[1].calls


def test_a_single_row_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr(latency, "time", clock)
    graph: Any = FakeGraph(clock, 1, 0, 0)
    table = Table(pd.DataFrame({"x": [1.0]}), pd.Series([1.0]))
    results = compare_latency((graph, graph), (table, table), ({}, {}), most=2.0)
    assert [(each.rows, each.ratio) for each in results] == [(1, pytest.approx(1.0))]
