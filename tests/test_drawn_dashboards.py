"""The pictures of the dashboards show every panel, by the JSON's own titles, units and colours."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from docs.dashboard_canvas import WIDTH, with_unit
from docs.dashboard_panels import LABEL, draw, records
from docs.dashboard_queries import Panel, lay_out
from docs.draw_dashboards import DASHBOARDS, OPENED
from tests.bakery import TEMPLATE

IMAGES = TEMPLATE / "docs" / "images"
MOST_BYTES = 150_000
TIMES = (1_700_000_000.0, 1_700_000_900.0)
ALL = sorted(DASHBOARDS.glob("*.json"))
every_dashboard = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)


class EveryQuery:
    """A Prometheus that has two series for each query, except for those with a certain word."""

    span_s = 900.0
    labels = (
        *("actual", "bin", "consumer", "field", "group", "instance", "job", "label", "metric"),
        *("model", "predicted", "reason", "route", "status", "version", "window"),
    )

    def __init__(self, missing: str = "nothing of this name") -> None:
        """Remember what is asked."""
        self.asked: list[str] = []
        self.steps_s: dict[str, int] = {}
        self.missing = missing

    def answer(self, expression: str, times: list[float]) -> list[dict]:
        """Return two series with a value for each time."""
        self.asked.append(expression)
        if self.missing in expression:
            return []
        values = [[at, str(round(0.1 + place / 10, 1))] for place, at in enumerate(times)]
        return [
            {"metric": dict.fromkeys(self.labels, name), "values": values}
            for name in ("first", "second")
        ]

    def instant(self, expression: str) -> list[dict]:
        """Return series with one value."""
        return self.answer(expression, [TIMES[1]])

    def range(self, expression: str, step_s: int) -> list[dict]:
        """Return series with three values."""
        self.steps_s[expression] = step_s
        return self.answer(expression, [TIMES[0], TIMES[0] + 450, TIMES[1]])


def load(path: Path) -> dict:
    """Return a dashboard."""
    return json.loads(path.read_text(encoding="utf-8"))


def panel_named(title: str) -> Panel:
    """Return a panel with data."""
    laid_out = [each for path in ALL for each in lay_out(EveryQuery(), load(path), {}, OPENED)]
    (panel,) = [each for each in laid_out if each.title == title]
    return panel


@every_dashboard
def test_every_panel_is_drawn_once_at_a_place_of_its_own(path: Path, tmp_path: Path) -> None:
    source = EveryQuery()
    panels = lay_out(source, load(path), {}, OPENED)

    canvas = draw("Its title", panels, TIMES)
    canvas.save(tmp_path / "picture.png")

    written = [text.get_text() for text in canvas.figure.texts]
    assert {"Its title", LABEL, *(panel.title for panel in panels)} <= set(written)
    assert [expression for expression in source.asked if "$" in expression] == []
    cells = [
        (column, row)
        for x, y, width, height in (panel.at for panel in panels)
        for column in range(x, x + width)
        for row in range(y, y + height)
    ]
    assert len(cells) == len(set(cells))
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.width == WIDTH


def test_a_panel_without_data_says_what_grafana_would_say() -> None:
    (path,) = [path for path in ALL if path.stem == "capture"]
    panels = lay_out(EveryQuery(missing="capture_dropped_total"), load(path), {}, set())
    (panel,) = [each for each in panels if each.title == "Records dropped by reason"]

    written = [text.get_text() for text in draw("Capture", panels, TIMES).figure.texts]

    assert panel.defaults["noValue"] in [text.replace("\n", " ") for text in written]


def test_a_closed_row_hides_its_panels() -> None:
    (path,) = [path for path in ALL if path.stem == "quality"]
    titles = [panel.title for panel in lay_out(EveryQuery(), load(path), {}, set())]
    assert "▸ Classifier: accuracy, confidence, fairness" in titles
    assert "Confusion matrix" not in titles


def test_a_variable_that_has_not_the_selected_value_is_named() -> None:
    (path,) = [path for path in ALL if path.stem == "model"]
    with pytest.raises(ValueError, match=r"Model: \$field offers .*second"):
        lay_out(EveryQuery(), load(path), {"field": "third"}, set())


def test_a_counter_that_grows_once_a_minute_is_drawn_over_more_than_two() -> None:
    source = EveryQuery()
    (path,) = [path for path in ALL if path.stem == "capture"]
    lay_out(source, load(path), {}, set())
    (steps,) = {
        (step_s, re.search(r"\[(\w+)\]", expression)[1])
        for expression, step_s in source.steps_s.items()
        if "capture_records_total" in expression
    }
    assert steps == (120, "135s")
    assert {step_s for expr, step_s in source.steps_s.items() if "http_requests" in expr} == {15}


def test_a_limit_has_the_colour_that_the_panel_fixes() -> None:
    panel = panel_named("Share of records dropped")
    assert panel.option("color", "Limit")["fixedColor"] == "red"
    assert panel.option("color", "A") is None


def test_a_table_is_merged_renamed_and_sorted() -> None:
    panel = panel_named("Rates by group")
    assert records(panel) == (
        ["group", "label", "predicted", "true positive rate", "false positive rate"],
        [["first", "first", 0.1, 0.1, 0.1], ["second", "second", 0.1, 0.1, 0.1]],
    )


def test_the_confusion_matrix_has_zeros_where_there_are_no_rows() -> None:
    assert records(panel_named("Confusion matrix")) == (
        ["actual\\predicted", "first", "second"],
        [["first", 0.1, 0.0], ["second", 0.0, 0.1]],
    )


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        pytest.param(0.0012, "s", None, "1.2 ms", id="milliseconds"),
        pytest.param(0.00000045, "s", None, "0.45 µs", id="less-than-a-microsecond"),
        pytest.param(0.0, "s", None, "0 s", id="no-time"),
        pytest.param(0.9344, "percentunit", 1, "93.4 %", id="share"),
        pytest.param(5.96, "reqps", 1, "6.0 req/s", id="requests"),
        pytest.param(180.0, "d", 0, "180 d", id="days"),
        pytest.param(12_345.0, "short", None, "12,345", id="thousands"),
    ],
)
def test_a_value_has_its_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert with_unit(value, unit, decimals) == text


@every_dashboard
def test_the_page_shows_a_picture_and_says_what_has_drawn_it(path: Path) -> None:
    page = " ".join((TEMPLATE / "docs" / "dashboards.md").read_text(encoding="utf-8").split())
    picture = f"dashboard-{path.stem}.png"
    assert f"](images/{picture})" in page
    assert (IMAGES / picture).stat().st_size < MOST_BYTES
    assert (
        "drawn by `docs/draw_dashboards.py` from each dashboard's own queries, not by Grafana"
        in page
    )
