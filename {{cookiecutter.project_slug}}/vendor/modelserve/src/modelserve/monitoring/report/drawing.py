"""The geometry of a plot, which templates/plot.html draws as inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]  # x and y of the upper left corner, width, height
Line = tuple[float, float, float, float]  # x and y of both ends
Disc = tuple[float, float, float]  # x and y of the centre, radius
Label = tuple[str, float, float]  # text, x and y of its baseline


@dataclass(frozen=True)
class Layer:
    """Shapes of one CSS class: boxes, or else any of the others, in units of the plot."""

    css_class: str
    boxes: Sequence[Box] = ()
    lines: Sequence[Line] = ()
    discs: Sequence[Disc] = ()
    labels: Sequence[Label] = ()


@dataclass(frozen=True)
class Plot:
    """A drawing.

    Args:
        css_class: "plot" or "spark".
        width: in units of the plot, about as many pixels.
        height: likewise.
        title: its content in words, for screen readers.
        layers: later ones cover earlier ones.
    """

    css_class: str
    width: int
    height: int
    title: str
    layers: Sequence[Layer]


def coordinate(value: float) -> str:
    """Return a coordinate to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")
