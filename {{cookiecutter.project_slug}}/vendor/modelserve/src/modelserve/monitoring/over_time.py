"""The metric with a threshold, and each field's drift, by hour, day or week."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from statistics import median

import numpy as np

from ..bins import Bins, Shape, population_stability_index
from .config import MonitoringConfig
from .counts import CaptureCounts
from .exact import from_units
from .partitions import EPOCH, HOUR
from .results.performance import Performance
from .results.timeline import TimePoint, TimeSeries
from .timeline import Sums, Timeline

MOST_POINTS = 60


def series_over_time(
    counts: CaptureCounts,
    reference: Mapping[str, Mapping[str, Shape]],
    performance: Performance | None,
    config: MonitoringConfig,
) -> tuple[TimeSeries, ...]:
    """Return the series with two or more points, the metric first.

    Args:
        counts: with a timeline; its steps are added up to longer ones where they hold few rows.
        reference: the shapes of training's "inputs" and "outputs", by field.
        performance: with the metric and its threshold, None without ground truth.
        config: the thresholds, and the fewest rows of a point.
    """
    timeline = _readable(counts.timeline, config.drift.minimum_rows)
    found = chain(
        _of_metric(timeline, performance, config), _of_fields(timeline, reference, config)
    )
    return tuple(each for each in found if len(each.points) > 1)


def _readable(timeline: Timeline, minimum_rows: int) -> Timeline:
    """Return the timeline in the shortest steps that are few, and most of which hold enough."""
    chosen = Timeline(dict(timeline.sums), timeline.hours)
    while len(chosen.sums) > MOST_POINTS or (
        len(chosen.sums) > 2 and median(sums[0] for sums in chosen.sums.values()) < minimum_rows
    ):
        chosen.lengthen()
    return chosen


def _of_metric(
    timeline: Timeline, performance: Performance | None, config: MonitoringConfig
) -> Iterator[TimeSeries]:
    for metric in performance.metrics[:1] if performance else ():
        if metric.bound is not None:
            points = (
                TimePoint(start, sums[1], from_units(sums[2], sums[1]))
                for start, sums in _steps(timeline)
                if sums[1] >= config.quality.minimum_outcomes
            )
            yield TimeSeries(metric.name, "metric", metric.bound, _step(timeline), tuple(points))


def _of_fields(
    timeline: Timeline, reference: Mapping[str, Mapping[str, Shape]], config: MonitoringConfig
) -> Iterator[TimeSeries]:
    first = 3  # after the rows, the outcomes and their quality
    for kind in ("input", "output"):
        for name, shape in reference[f"{kind}s"].items():
            expected = Bins(shape).reference
            after = first + len(expected)
            observed = [
                (start, sums[first:after].astype(np.int64)) for start, sums in _steps(timeline)
            ]
            points = (
                TimePoint(start, int(rows.sum()), population_stability_index(expected, rows))
                for start, rows in observed
                if rows.sum() >= config.drift.minimum_rows
            )
            yield TimeSeries(name, kind, config.drift.psi, _step(timeline), tuple(points))
            first = after


def _steps(timeline: Timeline) -> Iterator[tuple[datetime, Sums]]:
    """Yield the beginning and the sums of each step, in their order."""
    for step in sorted(timeline.sums):
        yield EPOCH + step * _step(timeline), timeline.sums[step]


def _step(timeline: Timeline) -> timedelta:
    return timeline.hours * HOUR
