"""The reliability diagram: predictions beside what turned out to be true."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10, sqrt

from ..results.performance import CalibrationPoint
from ..results.result import MonitoringResult
from .drawing import Layer, Plot
from .wording import Wording

WIDTH, HEIGHT = 380, 370
SIDE, LEFT, BASE = 300, 52, 328  # in units of the plot: the axes' length, and where they meet


@dataclass(frozen=True)
class Calibration:
    """The reliability diagram and its points.

    Args:
        axes: the names of both axes.
        ideal: what holds for predictions on the diagonal, a sentence.
        points: predicted, actual and rows of each.
        plot: the diagram.
    """

    axes: tuple[str, str]
    ideal: str
    points: Sequence[tuple[str, str, int]]
    plot: Plot


def make_calibration(result: MonitoringResult, wording: Wording) -> Calibration | None:
    """Return the reliability diagram, None without a prediction that has a ground truth."""
    points = result.performance.calibration if result.performance else ()
    if not points:
        return None
    shares = result.task == "classifier"
    text = wording.text
    if shares:
        axes = text("mean confidence"), text("accuracy")
        title = text("accuracy by mean confidence")
        ideal = text("On the dashed line, predictions are as often right as they are confident.")
    else:
        axes = text("mean prediction"), text("mean true value")
        title = text("mean true value by mean prediction")
        ideal = text("On the dashed line, predictions are right on average.")
    write = wording.percent if shares else wording.figure
    rows = [(write(each.predicted), write(each.actual), each.rows) for each in points]
    title += ": " + "; ".join(f"{x}, {y}" for x, y, _ in rows)
    plot = reliability(points, title, axes, wording, shares=shares)
    return Calibration(axes, ideal, rows, plot)


def reliability(
    points: Sequence[CalibrationPoint],
    title: str,
    axes: tuple[str, str],
    wording: Wording,
    *,
    shares: bool,
) -> Plot:
    """Return a diagram of discs around a diagonal; a disc's area grows with its rows.

    Args:
        points: one or more.
        title: the content in words.
        axes: names of the horizontal and the vertical axis.
        wording: of the numbers.
        shares: the axes go from 0 to 1; otherwise from the smallest to the largest value.
    """
    values = [value for point in points for value in (point.predicted, point.actual)]
    ticks = [i / 5 for i in range(6)] if shares else value_ticks(min(values), max(values))
    write = wording.round_percent if shares else wording.number
    unit = SIDE / (ticks[-1] - ticks[0])
    right, top = LEFT + SIDE, BASE - SIDE

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + unit * (x - ticks[0]), BASE - unit * (y - ticks[0])

    on_axes = [(*place(tick, tick), write(tick)) for tick in ticks]
    most = max(point.rows for point in points) or 1
    discs = [
        (*place(point.predicted, point.actual), 3 + 7 * sqrt(point.rows / most)) for point in points
    ]
    layers = (
        Layer("grid", lines=[(LEFT, y, right, y) for _, y, _ in on_axes]),
        Layer("grid", lines=[(x, BASE, x, top) for x, _, _ in on_axes]),
        Layer("ideal", lines=[(LEFT, BASE, right, top)]),
        Layer("o", discs=discs),
        Layer("end", labels=[(words, LEFT - 6, y + 4) for _, y, words in on_axes]),
        Layer("middle", labels=[(words, x, BASE + 18) for x, _, words in on_axes]),
        Layer("end", labels=[(axes[0], right, BASE + 36)]),
        Layer("start", labels=[(axes[1], 0, 14)]),
    )
    return Plot("plot", WIDTH, HEIGHT, title, layers)


def value_ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers, from at most `low` to at least `high`."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** floor(log10(span / 4))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= span / 4)
    first = floor(low / step)
    last = max(ceil(high / step), first + 1)
    return [i * step for i in range(first, last + 1)]
