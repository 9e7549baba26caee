"""Pictures of shares: each bar as high, and each disc where, the figures say."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from xml.etree import ElementTree

import pytest
from modelserve.monitoring.report.bars import Bar
from modelserve.monitoring.report.drawing import Plot
from modelserve.monitoring.report.page import make_environment
from modelserve.monitoring.report.plots import histogram, ranking, share_ticks, sparkline
from modelserve.monitoring.report.reliability import reliability, value_ticks
from modelserve.monitoring.report.wording import Wording
from modelserve.monitoring.results.performance import CalibrationPoint
from modelserve.translation import ENGLISH

WORDING = Wording(ENGLISH)
DRAW = {
    "sparkline": sparkline,
    "histogram": partial(histogram, wording=WORDING),
    "ranking": partial(ranking, wording=WORDING),
}
AXES = ("confidence", "right")
BARS = (
    Bar("up to 1", 10, 0, 0.1, 0.0, upper=1),
    Bar("1 to 2", 60, 10, 0.6, 0.2, upper=2),
    Bar("over 2", 20, 30, 0.2, 0.6),
    Bar("(missing)", 10, 10, 0.1, 0.2, apart=True),
)
HOSTILE = "<script>&\"'"


def parse(plot: Plot) -> ElementTree.Element:
    """Return the root of the SVG that the template draws, if it is well-formed."""
    svg = make_environment().get_template("plot.html").module.draw(plot)  # type: ignore[attr-defined]
    return ElementTree.fromstring(svg)  # rendered by the line above


def sizes(plot: Plot, kind: str, side: str) -> list[float]:
    """Return a side, or a place, of each bar of a kind."""
    (drawn,) = parse(plot).findall(f"./path[@class='{kind}']")
    number = "(-?[0-9.]+)"
    bars = re.findall(f"M{number} {number}h{number}v{number}h-{number}z", drawn.attrib["d"])
    return [float(each[("x", "y", "width", "height").index(side)]) for each in bars]


def texts(plot: Plot, kind: str) -> list[str | None]:
    """Return the texts of the layers of a kind."""
    return [text.text for text in parse(plot).findall(f"./g[@class='{kind}']/text")]


@pytest.mark.parametrize("draw", [DRAW["sparkline"], DRAW["histogram"]])
def test_bars_that_stand_are_as_high_as_their_shares(draw: Callable[..., Plot]) -> None:
    plot = draw(BARS, "title")
    trained, observed = sizes(plot, "r", "height"), sizes(plot, "o", "height")
    unit = max(trained) / 0.6
    assert trained == pytest.approx([unit * each.reference_share for each in BARS], abs=0.06)
    assert observed == pytest.approx([unit * each.observed_share for each in BARS], abs=0.06)
    feet = [
        y + height
        for kind in "ro"
        for y, height in zip(sizes(plot, kind, "y"), sizes(plot, kind, "height"), strict=True)
    ]
    assert feet == pytest.approx([feet[0]] * 8, abs=0.11)


def test_bars_that_lie_are_as_long_as_their_shares() -> None:
    plot = ranking(BARS, "title", WORDING)
    trained, observed = sizes(plot, "r", "width"), sizes(plot, "o", "width")
    assert trained == pytest.approx([208 * each.reference_share / 0.6 for each in BARS], abs=0.06)
    assert observed == pytest.approx([208 * each.observed_share / 0.6 for each in BARS], abs=0.06)
    assert texts(plot, "end")[-4:] == ["0\u00a0%", "20.0\u00a0%", "60.0\u00a0%", "20.0\u00a0%"]


def test_bars_of_one_bin_stand_about_one_middle() -> None:
    plot = histogram(BARS, "title", WORDING)
    middles = [
        [
            x + width / 2
            for x, width in zip(sizes(plot, kind, "x"), sizes(plot, kind, "width"), strict=True)
        ]
        for kind in "ro"
    ]
    assert middles[0] == pytest.approx(middles[1], abs=0.11)
    assert middles[0] == sorted(middles[0])


def test_a_histogram_names_its_shares_bounds_and_what_stands_apart() -> None:
    plot = histogram(BARS, "title", WORDING)
    assert texts(plot, "middle") == ["1", "2"]
    assert texts(plot, "end") == ["0\u00a0%", "20\u00a0%", "40\u00a0%", "60\u00a0%", "(missing)"]


def test_bounds_that_would_touch_are_left_out() -> None:
    bars = [Bar("", 1, 1, 0.05, 0.05, upper=1001 + i) for i in range(20)]
    whole = texts(histogram(bars, "title", WORDING), "middle")
    assert whole == ["1002", "1005", "1008", "1011", "1014", "1017"]
    apart = Bar("(missing)", 1, 1, 0.05, 0.05, apart=True)
    assert texts(histogram([*bars, apart], "title", WORDING), "middle") == whole[:-1]


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_empty_bars_are_no_trouble(draw: Callable[..., Plot]) -> None:
    plot = draw([Bar("any number", 0, 0, 0.0, 0.0)], "title")
    lengths = [sizes(plot, "r", side) + sizes(plot, "o", side) for side in ("width", "height")]
    assert [0, 0] in lengths


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_a_picture_says_what_it_shows_whatever_the_names(draw: Callable[..., Plot]) -> None:
    root = parse(draw([Bar(HOSTILE, 1, 1, 1.0, 1.0)], HOSTILE))
    assert root.attrib["role"] == "img"
    assert [root[0].tag, root[0].text] == ["title", HOSTILE]


def test_long_names_of_categories_are_cut() -> None:
    assert (
        texts(ranking([Bar("a" * 50, 1, 1, 1.0, 1.0)], "title", WORDING), "end")[0]
        == "a" * 14 + "…"
    )


def discs(plot: Plot) -> list[tuple[float, float, float]]:
    """Return the middle and the radius of each disc."""
    actual = parse(plot).findall("./g[@class='o']/circle")
    return [(float(c.attrib["cx"]), float(c.attrib["cy"]), float(c.attrib["r"])) for c in actual]


def test_discs_lie_where_confidence_and_truth_meet_and_grow_with_their_rows() -> None:
    points = [CalibrationPoint(100, 1.0, 1.0), CalibrationPoint(25, 0.5, 0.25)]
    plot = reliability(points, "title", AXES, WORDING, shares=True)
    assert discs(plot) == [(352, 28, 10), (202, 253, 6.5)]
    assert parse(plot).findall("./g[@class='ideal']/path")[0].attrib["d"] == "M52 328L352 28"
    assert {*texts(plot, "end"), *texts(plot, "start")} >= set(AXES)


def test_values_have_axes_that_hold_them_all() -> None:
    points = [CalibrationPoint(1, 60, 110), CalibrationPoint(1, 140, 90)]
    plot = reliability(points, "title", AXES, WORDING, shares=False)
    assert texts(plot, "middle") == ["60", "80", "100", "120", "140"]
    assert discs(plot) == [(52, 140.5, 10), (352, 215.5, 10)]


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        pytest.param(1.0, [0, 0.25, 0.5, 0.75, 1], id="all"),
        pytest.param(0.4, [0, 0.1, 0.2, 0.3, 0.4], id="exactly"),
        pytest.param(0.41, [0, 0.2, 0.4, 0.6], id="just-over"),
        pytest.param(0.05, [0, 0.02, 0.04, 0.06], id="small"),
    ],
)
def test_shares_have_round_ticks(top: float, ticks: Sequence[float]) -> None:
    assert share_ticks(top) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        pytest.param(3.0, 3.0, [3, 4], id="one-value"),
        pytest.param(0.0, 0.0, [0, 0.5], id="zero"),
        pytest.param(-0.12, 0.3, [-0.2, 0, 0.2, 0.4], id="across-zero"),
        pytest.param(1e9, 3e9, [1e9, 1.5e9, 2e9, 2.5e9, 3e9], id="large"),
    ],
)
def test_values_have_round_ticks(low: float, high: float, ticks: Sequence[float]) -> None:
    assert value_ticks(low, high) == pytest.approx(ticks)
