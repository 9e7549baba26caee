"""How long a call will take is estimated from recent calls."""

from collections.abc import Sequence

import pytest
from modelserve.serving.batching.call_times import CallTimes

FAST_S, ROW_S = 0.006, 0.0005


def linear(rows: int) -> float:
    """Return the time of a call of a model with so much a call, and so much a row."""
    return FAST_S + ROW_S * (rows - 1)


def learn(times: CallTimes, calls: Sequence[int]) -> CallTimes:
    """Return estimates that have seen calls of so many rows."""
    for rows in calls:
        times.add(rows, linear(rows))
    return times


def test_nothing_known_is_no_time() -> None:
    assert CallTimes().seconds(64) == 0


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(CallTimes(FAST_S, ROW_S), id="measured at the start"),
        pytest.param(learn(CallTimes(FAST_S, ROW_S), [1] * 10_000), id="then single rows"),
        pytest.param(learn(CallTimes(FAST_S, ROW_S), [64] * 10_000), id="then full calls"),
        pytest.param(learn(CallTimes(), [1, 64, 8, 32] * 50), id="learnt alone"),
        pytest.param(learn(CallTimes(0.1, 0.01), [1, 64, 8, 32] * 50), id="measured wrongly"),
    ],
)
@pytest.mark.parametrize("rows", [1, 8, 64])
def test_a_call_is_estimated_by_its_rows(times: CallTimes, rows: int) -> None:
    assert times.seconds(rows) == pytest.approx(linear(rows), rel=0.05)


def test_several_calls_are_estimated_by_all_their_rows() -> None:
    assert CallTimes(FAST_S, ROW_S).seconds(72, 3) == pytest.approx(
        linear(64) + linear(7) + linear(1)
    )


def test_a_call_takes_no_less_for_more_rows_and_at_most_in_proportion() -> None:
    times = CallTimes(FAST_S, ROW_S)
    for _ in range(99):
        times.add(64, 0.001)
        times.add(1, FAST_S)
    assert times.seconds(64) >= times.seconds(1) > 0
    for _ in range(99):
        times.add(64, 100.0)
        times.add(1, 0.0001)
    assert times.seconds(64) == pytest.approx(64 * times.seconds(1))


@pytest.mark.parametrize("rows", [1, 8, 64])
def test_a_single_call_that_was_held_up_changes_little(rows: int) -> None:
    times = learn(CallTimes(FAST_S, ROW_S), [1] * 30)
    times.add(rows, 10.0)
    assert linear(64) < times.seconds(64) < 1.8 * linear(64)
    learn(times, [1, 8, 64] * 10)
    assert times.seconds(64) == pytest.approx(linear(64), rel=0.1)


def test_a_model_that_has_become_slower_is_noticed() -> None:
    times = CallTimes(FAST_S, ROW_S)
    for _ in range(20):
        times.add(64, 10 * linear(64))
    assert times.seconds(64) == pytest.approx(10 * linear(64), rel=0.1)
