"""Within the window, figures are reported by hour, day or week."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.results.result import MonitoringResult
from modelserve.monitoring.results.timeline import TimeSeries
from modelserve.monitoring.timeline import MOST_STEPS, Timeline

Run = Callable[..., MonitoringResult]
FAMILIES = ("iris", "diabetes", "sentiment")


def by_name(result: MonitoringResult) -> dict[str, TimeSeries]:
    """Return the series by name."""
    return {each.name: each for each in result.timeline}


def test_the_metric_and_the_drift_of_each_field_are_reported_by_hour(
    job: Run, production: Any, shift: Callable[..., Any]
) -> None:
    rows = production.rows
    early = production.capture(rows)
    late = production.capture([shift(row) for row in rows], time="2026-11-21T11:30:00Z")
    truths = production.write_truths([*early, *late])

    # All of one file and of one block.
    result = job(production.write([*late, *early]), ground_truth=truths)

    series = by_name(result)
    metric = result.performance.metrics[0]  # type: ignore[union-attr]
    assert result.timeline[0].name == metric.name
    assert {*series} == {metric.name, *(each.field for each in result.fields)}
    for each in result.timeline:
        assert each.step == timedelta(hours=1)
        assert [point.start.hour for point in each.points] == [10, 11]
    first, second = (point.value for point in series[result.fields[0].field].points)
    assert max(first, 0.2) < second
    first, second = (point.value for point in series[metric.name].points)
    assert (first + second) / 2 == pytest.approx(metric.value)


def test_a_window_of_one_hour_has_no_series(job: Run, production: Any) -> None:
    assert job(production.write(production.capture(production.rows))).timeline == ()


def test_hours_with_few_rows_are_reported_by_day(job: Run, production: Any) -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    rows, records = production.rows[:60], []
    for hour in range(0, 48, 4):
        time = (start + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
        records += production.capture(rows[:10], time=time)
    result = job(production.write(records))
    assert {each.step for each in result.timeline} == {timedelta(days=1)}
    for each in result.timeline:
        assert [point.start.day for point in each.points] == [20, 21]
        assert [point.rows for point in each.points] == [60, 60]


def test_very_many_hours_are_added_up() -> None:
    timeline, other = Timeline(), Timeline()
    for hour in range(500):
        timeline.add(hour, np.array([1.0, hour]))
        other.add(100_000 + hour % 3, np.array([1.0, 0.0]))
    assert (timeline.hours, other.hours) == (24, 1)
    assert len(timeline.sums) == 21
    other.merge(timeline)
    assert other.hours == 24
    assert sum(other.sums.values())[0] == 1_000.0  # type: ignore[index]
    assert other.sums[0].tolist() == [24.0, sum(range(24))]
    timeline.lengthen()
    assert [sums[0] for sums in timeline.sums.values()] == [168.0, 168.0, 164.0]


def test_steps_stay_few_over_centuries() -> None:
    timeline = Timeline()
    for hour in range(0, 24 * 365 * 300, 500):
        timeline.add(hour, np.ones(1))
    assert len(timeline.sums) <= MOST_STEPS
