"""The picture of how far answers can be taken at their word."""

from collections.abc import Sequence
from math import ceil, floor, log10, sqrt

from ..findings import CalibrationPoint
from .svg import Point, dot, label, layer, line, picture
from .wording import number, round_percent

SIZE = (380, 370)
SIDE, CORNER = 300, (52, 328)  # in units of the picture: the axes' length, where they meet


def reliability(
    points: Sequence[CalibrationPoint], title: str, axes: tuple[str, str], *, shares: bool
) -> str:
    """Return a reliability plot: discs, the larger the more rows they have, about a diagonal.

    Args:
        points: one or more.
        title: what it shows in words.
        axes: what is told along the floor, and up the wall.
        shares: the axes go from 0 to 1; otherwise from below the least to above the most.
    """
    values = [value for point in points for value in (point.predicted, point.actual)]
    ticks = [i / 5 for i in range(6)] if shares else value_ticks(min(values), max(values))
    write = round_percent if shares else number
    unit = SIDE / (ticks[-1] - ticks[0])
    left, foot = CORNER
    right, top = left + SIDE, foot - SIDE

    def place(x: float, y: float) -> Point:
        return left + unit * (x - ticks[0]), foot - unit * (y - ticks[0])

    on_axes = [(*place(tick, tick), write(tick)) for tick in ticks]
    most = max(point.rows for point in points) or 1
    discs = [
        dot(place(point.predicted, point.actual), radius=3 + 7 * sqrt(point.rows / most))
        for point in points
    ]
    return picture(
        "plot",
        SIZE,
        title,
        layer("grid", [line((left, y), (right, y)) for _, y, _ in on_axes]),
        layer("grid", [line((x, foot), (x, top)) for x, _, _ in on_axes]),
        layer("ideal", [line((left, foot), (right, top))]),
        layer("o", discs),
        layer("end", [label(words, (left - 6, y + 4)) for _, y, words in on_axes]),
        layer("middle", [label(words, (x, foot + 18)) for x, _, words in on_axes]),
        layer("end", [label(axes[0], (right, foot + 36))]),
        layer("start", [label(axes[1], (0, 14))]),
    )


def value_ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers, from just below the least value to just above the most."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** floor(log10(span / 4))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= span / 4)
    first = floor(low / step)
    last = max(ceil(high / step), first + 1)
    return [i * step for i in range(first, last + 1)]
