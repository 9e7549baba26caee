"""Pictures of a field's shares in production, before those in training."""

from collections.abc import Sequence
from math import ceil

from .bars import Bar
from .svg import boxes, label, layer, line, picture
from .wording import clip, number, percent, round_percent

# In units of the picture, of which a column of the page has about as many as pixels.
WIDTH, HEIGHT = 400, 190
LEFT, TOP, FLOOR = 48, 8, 160  # of a histogram: its axis, the highest bar's end, the bars' foot
NAMES, VALUES, LINE = 132, 60, 26  # of lying bars: widths of the texts, height of a line
SMALL = (120, 28)
LETTER = 8  # a letter's width, where the page draws it large
BROAD, SLIM = 0.86, 0.46  # of a bar's room: training's bar, and production's in front of it
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


def spark(bars: Sequence[Bar], title: str) -> str:
    """Return bars that stand up, small enough to stand in a table."""
    slot = SMALL[0] / len(bars)
    places = [(i + 0.5) * slot for i in range(len(bars))]
    unit = (SMALL[1] - 1) / largest(bars)
    return picture("spark", SMALL, title, *_standing(bars, places, slot, foot=SMALL[1], unit=unit))


def histogram(bars: Sequence[Bar], title: str) -> str:
    """Return bars that stand up, for numbers: their bounds lie between the bars."""
    ticks = share_ticks(largest(bars))
    unit = (FLOOR - TOP) / ticks[-1]
    levels = [FLOOR - unit * tick for tick in ticks]
    slot = (WIDTH - LEFT) / (len(bars) + 0.4 * bars[-1].apart)
    places = [LEFT + (i + 0.5 + 0.4 * each.apart) * slot for i, each in enumerate(bars)]
    apart = [each.name for each in bars if each.apart]
    bounds = _bounds(bars, places, slot, end=WIDTH - LETTER * len("".join(apart)))
    notches = [line((x, FLOOR), (x, FLOOR + 4)) for x, _ in bounds]
    below = FLOOR + 18
    written = [
        label(round_percent(tick), (LEFT - 6, y + 4)) for tick, y in zip(ticks, levels, strict=True)
    ]
    missing = [label(name, (WIDTH, below)) for name in apart]
    return picture(
        "plot",
        (WIDTH, HEIGHT),
        title,
        layer("grid", [line((LEFT, y), (WIDTH, y)) for y in levels]),
        *_standing(bars, places, slot, foot=FLOOR, unit=unit),
        layer("axis", [line((LEFT, FLOOR), (WIDTH, FLOOR)), *notches]),
        layer("middle", [label(bound, (x, below)) for x, bound in bounds]),
        layer("end", written + missing),
    )


def _bounds(
    bars: Sequence[Bar], places: Sequence[float], slot: float, *, end: float
) -> list[tuple[float, str]]:
    """Return where bounds stand and what they say: as many as touch neither others nor the end."""
    bounds = [
        (place + slot / 2, number(each.upper))
        for place, each in zip(places, bars, strict=True)
        if each.upper is not None
    ]
    room = LETTER * max((len(words) for _, words in bounds), default=1) + 10
    stride = ceil(room / slot)
    return [(x, words) for x, words in bounds[stride // 2 :: stride] if x + room / 2 <= end]


def ranking(bars: Sequence[Bar], title: str) -> str:
    """Return bars that lie, for categories: each has its name before it, and its share behind."""
    unit = (WIDTH - NAMES - VALUES) / largest(bars)
    letters = int((NAMES - 8) / LETTER)
    rows = [(i * LINE, each) for i, each in enumerate(bars)]
    foot = len(bars) * LINE
    broad = [(unit * each.reference_share, LINE - 6) for each in bars]
    slim = [(unit * each.observed_share, LINE - 16) for each in bars]
    names = [label(clip(each.name, letters), (NAMES - 8, y + LINE / 2 + 4)) for y, each in rows]
    shares = [label(percent(each.observed_share), (WIDTH, y + LINE / 2 + 4)) for y, each in rows]
    return picture(
        "plot",
        (WIDTH, foot),
        title,
        boxes("r", [(NAMES, y + 3) for y, _ in rows], broad),
        boxes("o", [(NAMES, y + 8) for y, _ in rows], slim),
        layer("axis", [line((NAMES, 0), (NAMES, foot))]),
        layer("end", names + shares),
    )


def _standing(
    bars: Sequence[Bar], places: Sequence[float], slot: float, *, foot: float, unit: float
) -> tuple[str, str]:
    """Return the broad bars of training, and before them production's slim ones."""
    layers = []
    for kind, room in (("r", BROAD), ("o", SLIM)):
        width = room * slot
        heights = [
            unit * (each.reference_share if kind == "r" else each.observed_share) for each in bars
        ]
        corners = [
            (middle - width / 2, foot - height)
            for middle, height in zip(places, heights, strict=True)
        ]
        layers.append(boxes(kind, corners, [(width, height) for height in heights]))
    return layers[0], layers[1]


def largest(bars: Sequence[Bar]) -> float:
    """Return the largest share among bars, 1 where all are empty."""
    return max(max(each.reference_share, each.observed_share) for each in bars) or 1.0


def share_ticks(top: float) -> list[float]:
    """Return up to five round shares, from 0 to just above the highest each."""
    step = next((step for step in STEPS if top <= 4 * step), STEPS[-1])
    return [i * step for i in range(ceil(round(top / step, 6)) + 1)]
