"""Line plots of figures over time, each beside its threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ..results.drift import Verdict
from ..results.result import MonitoringResult
from ..results.timeline import TimeSeries
from .drawing import Layer, Plot
from .plots import BASE, HEIGHT, LEFT, TOP, WIDTH
from .reliability import value_ticks
from .wording import Wording, clip

MOST = 6  # plots: those of the metric and of the fields with the most drift
EDGE = 8  # beside the first and the last point
STEPS = {timedelta(hours=1): "hour", timedelta(days=1): "day", timedelta(weeks=1): "week"}


@dataclass(frozen=True)
class TimePlot:
    """A figure's plot: its title, and the length of a step in words."""

    title: str
    step: str
    plot: Plot


def make_time_plots(result: MonitoringResult, wording: Wording) -> list[TimePlot]:
    """Return the plots of the metric and of the fields with the most drift, violations first."""
    fields = {(str(each.kind), each.field): each for each in result.fields}

    def weight(series: TimeSeries) -> tuple[bool, bool, float]:
        drift = fields.get((series.kind, series.name))
        if drift is None:
            return False, False, 0.0
        return True, drift.verdict is not Verdict.VIOLATION, -drift.psi

    return [_plot(each, wording) for each in sorted(result.timeline, key=weight)[:MOST]]


def _plot(series: TimeSeries, wording: Wording) -> TimePlot:
    if series.kind == "metric":
        title = wording.message(series.name)
    else:
        title = wording.text("PSI of {field}", field=series.name)
    days = series.step // timedelta(days=1)
    step = STEPS.get(series.step)
    step = wording.text(step) if step else wording.plural(days, "day")
    worst = max if series.kind != "metric" else min
    first, last = series.points[0], series.points[-1]
    extreme = worst(series.points, key=lambda point: point.value)
    about = wording.text(
        "{title} by {step}: {first} at first, {last} at last, {extreme} on {when}; the threshold "
        "is {threshold}",
        title=clip(title, 60),
        step=step,
        first=wording.figure(first.value),
        last=wording.figure(last.value),
        extreme=wording.figure(extreme.value),
        when=_when(extreme.start, series.step, wording),
        threshold=wording.figure(series.bound),
    )
    return TimePlot(title, step, line_plot(series, about, wording))


def line_plot(series: TimeSeries, title: str, wording: Wording) -> Plot:
    """Return a line through the points of a series, and its threshold as a dashed one."""
    points = series.points
    ticks = value_ticks(0.0, max(series.bound, *(point.value for point in points)))
    unit = (BASE - TOP) / ticks[-1]
    start, span = points[0].start, points[-1].start - points[0].start
    room = WIDTH - LEFT - 2 * EDGE
    places = [
        (LEFT + EDGE + room * ((point.start - start) / span), BASE - unit * point.value)
        for point in points
    ]
    levels = [(wording.number(tick), BASE - unit * tick) for tick in ticks]
    bound = BASE - unit * series.bound
    first, last = (_when(points[i].start, series.step, wording) for i in (0, -1))
    layers = (
        Layer("grid", lines=[(LEFT, y, WIDTH, y) for _, y in levels]),
        Layer("ideal", lines=[(LEFT, bound, WIDTH, bound)]),
        Layer("line", lines=[(*before, *after) for before, after in _neighbours(series, places)]),
        Layer("o", discs=[(x, y, 3) for x, y in places]),
        Layer("axis", lines=[(LEFT, BASE, WIDTH, BASE)]),
        Layer("end", labels=[(words, LEFT - 6, y + 4) for words, y in levels]),
        Layer("start", labels=[(first, LEFT, BASE + 18)]),
        Layer("end", labels=[(last, WIDTH, BASE + 18)]),
    )
    return Plot("plot", WIDTH, HEIGHT, title, layers)


Place = tuple[float, float]


def _neighbours(series: TimeSeries, places: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return the pairs of places that are joined: steps without enough rows leave a gap."""
    pairs = zip(pairwise(series.points), pairwise(places), strict=True)
    return [
        joined for (before, after), joined in pairs if after.start - before.start <= series.step
    ]


def _when(start: datetime, step: timedelta, wording: Wording) -> str:
    day = wording.day(start)
    return f"{day}, {start:%H:%M}" if step < timedelta(days=1) else day
