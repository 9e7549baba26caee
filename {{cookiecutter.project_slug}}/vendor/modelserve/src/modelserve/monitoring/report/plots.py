"""Bar charts of a field's shares: production's slim bars in front of training's broad ones."""

from collections.abc import Sequence
from math import ceil

from .bars import Bar
from .drawing import Layer, Plot
from .wording import Wording, clip

# In units of the plot; a column of the page is about as many pixels wide.
WIDTH, HEIGHT = 400, 190
LEFT, TOP, BASE = 48, 8, 160  # of a histogram: its axis, the highest bar's end, the bars' base
NAMES, VALUES, LINE = 132, 60, 26  # of horizontal bars: widths of the texts, height of a line
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
LETTER = 8  # a letter's width where the page draws it large
BROAD, SLIM = 0.86, 0.46  # widths of training's and production's bars, relative to their slot
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


def sparkline(bars: Sequence[Bar], title: str) -> Plot:
    """Return vertical bars, small enough for a table."""
    slot = SPARK_WIDTH / len(bars)
    centres = [(i + 0.5) * slot for i in range(len(bars))]
    unit = (SPARK_HEIGHT - 1) / largest(bars)
    layers = _vertical(bars, centres, slot, base=SPARK_HEIGHT, unit=unit)
    return Plot("spark", SPARK_WIDTH, SPARK_HEIGHT, title, layers)


def histogram(bars: Sequence[Bar], title: str, wording: Wording) -> Plot:
    """Return vertical bars for numbers, with their bounds between them."""
    ticks = share_ticks(largest(bars))
    unit = (BASE - TOP) / ticks[-1]
    levels = [BASE - unit * tick for tick in ticks]
    slot = (WIDTH - LEFT) / (len(bars) + 0.4 * bars[-1].apart)
    centres = [LEFT + (i + 0.5 + 0.4 * each.apart) * slot for i, each in enumerate(bars)]
    apart = [each.name for each in bars if each.apart]
    uppers = [None if each.upper is None else wording.number(each.upper) for each in bars]
    bounds = _bounds(uppers, centres, slot, end=WIDTH - LETTER * len("".join(apart)))
    below = BASE + 18
    ticked = map(wording.round_percent, ticks)
    shares = [(words, LEFT - 6, y + 4) for words, y in zip(ticked, levels, strict=True)]
    notches = [(x, BASE, x, BASE + 4) for x, _ in bounds]
    layers = (
        Layer("grid", lines=[(LEFT, y, WIDTH, y) for y in levels]),
        *_vertical(bars, centres, slot, base=BASE, unit=unit),
        Layer("axis", lines=[(LEFT, BASE, WIDTH, BASE), *notches]),
        Layer("middle", labels=[(bound, x, below) for x, bound in bounds]),
        Layer("end", labels=[*shares, *((name, WIDTH, below) for name in apart)]),
    )
    return Plot("plot", WIDTH, HEIGHT, title, layers)


def _bounds(
    uppers: Sequence[str | None], centres: Sequence[float], slot: float, *, end: float
) -> list[tuple[float, str]]:
    """Return the positions and texts of bounds, as many as fit without touching."""
    bounds = [
        (centre + slot / 2, upper)
        for centre, upper in zip(centres, uppers, strict=True)
        if upper is not None
    ]
    room = LETTER * max((len(words) for _, words in bounds), default=1) + 10
    stride = ceil(room / slot)
    return [(x, words) for x, words in bounds[stride // 2 :: stride] if x + room / 2 <= end]


def ranking(bars: Sequence[Bar], title: str, wording: Wording) -> Plot:
    """Return horizontal bars for categories, each between its name and its share."""
    unit = (WIDTH - NAMES - VALUES) / largest(bars)
    letters = int((NAMES - 8) / LETTER)
    rows = [(i * LINE, each) for i, each in enumerate(bars)]
    height = len(bars) * LINE
    broad = [(NAMES, y + 3, unit * each.reference_share, LINE - 6) for y, each in rows]
    slim = [(NAMES, y + 8, unit * each.observed_share, LINE - 16) for y, each in rows]
    names = [(clip(each.name, letters), NAMES - 8, y + LINE / 2 + 4) for y, each in rows]
    shares = [(wording.percent(each.observed_share), WIDTH, y + LINE / 2 + 4) for y, each in rows]
    layers = (
        Layer("r", boxes=broad),
        Layer("o", boxes=slim),
        Layer("axis", lines=[(NAMES, 0, NAMES, height)]),
        Layer("end", labels=[*names, *shares]),
    )
    return Plot("plot", WIDTH, height, title, layers)


def _vertical(
    bars: Sequence[Bar], centres: Sequence[float], slot: float, *, base: float, unit: float
) -> tuple[Layer, Layer]:
    """Return training's broad bars, and production's slim ones in front of them."""

    def layer(css_class: str, width: float, shares: Sequence[float]) -> Layer:
        boxes = [
            (centre - width / 2, base - unit * share, width, unit * share)
            for centre, share in zip(centres, shares, strict=True)
        ]
        return Layer(css_class, boxes=boxes)

    return (
        layer("r", BROAD * slot, [each.reference_share for each in bars]),
        layer("o", SLIM * slot, [each.observed_share for each in bars]),
    )


def largest(bars: Sequence[Bar]) -> float:
    """Return the largest share of all bars, 1 if all are empty."""
    return max(max(each.reference_share, each.observed_share) for each in bars) or 1.0


def share_ticks(top: float) -> list[float]:
    """Return up to five round shares, from 0 to the first that is not below `top`."""
    step = next((step for step in STEPS if top <= 4 * step), STEPS[-1])
    return [i * step for i in range(ceil(round(top / step, 6)) + 1)]
