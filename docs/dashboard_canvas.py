"""A picture in pixels, with cards, texts, axes and legends, and numbers with Grafana's units."""

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

WIDTH, DPI = 1_200, 100
INK, FAINT, PAGE = "#24292E", "#60656B", "#F4F5F5"
PER_SECOND = {"reqps": "req/s", "rowsps": "rows/s", "recps": "rec/s"}
SECONDS = ((1, "s"), (1e3, "ms"), (1e6, "µs"))
LEGEND_LINES, LETTER = 3, 5.2  # px that a letter of a legend takes


def number(value: float, decimals: int | None, digits: int = 3) -> str:
    """Write a number with so many decimals or, without them, significant digits."""
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{float(f'{value:.{digits}g}'):g}"


def with_unit(value: float, unit: str | None, decimals: int | None = None) -> str:
    """Write a value in a unit of Grafana's."""
    if unit == "percentunit":
        return f"{number(value * 100, decimals)} %"
    if unit == "s":
        fitting = [pair for pair in SECONDS if abs(value * pair[0]) >= 1] or SECONDS[-1:]
        factor, name = fitting[0] if value else SECONDS[0]
        return f"{number(value * factor, decimals)} {name}"
    if unit in PER_SECOND:
        return f"{number(value, decimals)} {PER_SECOND[unit]}"
    return number(value, decimals) + (" d" if unit == "d" else "")


class Canvas:
    """A picture whose places are given in pixels from its upper left corner."""

    def __init__(self, height: int) -> None:
        """Make an empty one."""
        self.height = height
        self.figure = Figure((WIDTH / DPI, height / DPI), DPI, facecolor=PAGE)
        FigureCanvasAgg(self.figure)

    def text(self, x: float, y: float, text: str, size: float = 8, **how: object) -> None:
        """Write text; `y` is its middle."""
        how = {"color": INK, "va": "center", "parse_math": False} | how
        self.figure.text(x / WIDTH, 1 - y / self.height, text, fontsize=size, **how)

    def card(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the white ground of a panel."""
        place = (x / WIDTH, 1 - (y + height) / self.height)
        size = (width / WIDTH, height / self.height)
        self.figure.patches.append(
            Rectangle(
                place,
                *size,
                transform=self.figure.transFigure,
                fc="white",
                ec="#DDDEE0",
                zorder=-1,  # below the axes
            )
        )

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes without a frame."""
        axes = self.figure.add_axes(
            (x / WIDTH, 1 - (y + height) / self.height, width / WIDTH, height / self.height)
        )
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=6.5, labelcolor=FAINT)
        axes.set_facecolor("none")
        return axes

    def legend(self, box: tuple[float, ...], names: list[str], colours: list[str]) -> float:
        """Write a legend at the bottom of a box, in a few lines; return its height."""
        x, y, width, height = box
        lines: list[list[tuple[str, str]]] = [[]]
        left = width
        for name, colour in dict(zip(names, colours, strict=True)).items():
            need = LETTER * len(name) + 22
            if need > left and lines[-1]:
                lines.append([])
                left = width
            lines[-1].append((name, colour))
            left -= need
        hidden = sum(len(line) for line in lines[LEGEND_LINES:])
        lines = lines[:LEGEND_LINES]
        for place, line in enumerate(lines):
            at, middle = x, y + height - 8 - 13 * (len(lines) - 1 - place)
            for name, colour in line:
                self.text(at, middle, "▬", 7, color=colour)
                self.text(at + 11, middle, name, 6.5)
                at += LETTER * len(name) + 22
        if hidden:
            self.text(x + width, y + height - 8, f"and {hidden} more", 6.5, ha="right")
        return 13 * len(lines)

    def save(self, path: Path) -> None:
        """Write the picture in its most frequent colours, as many as a palette holds."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", facecolor=PAGE)
        picture = Image.open(buffer).convert("RGB")
        counted = sorted(picture.getcolors(picture.width * picture.height), reverse=True)
        palette = Image.new("P", (1, 1))
        palette.putpalette([part for _, colour in counted[:256] for part in colour])
        picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
