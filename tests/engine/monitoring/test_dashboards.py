"""Dashboards as files: panels do not overlap, are described, and query series that exist."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.families import FOLDER, LIBRARY, Family
from tests.engine.scrape import scrape

DASHBOARDS = LIBRARY / "monitoring" / "grafana" / "dashboards"
RULES = sorted((LIBRARY / "monitoring" / "prometheus").glob("rules/*.yaml"))
THRESHOLDS = FOLDER / "monitoring" / "thresholds.yaml"
TASKS = ("iris", "diabetes")  # a classifier and a regressor
PROMETHEUS_OWN = {"up", "ALERTS"}
WORDS = {"and", "bool", "offset", "or", "unless"}
IN_BRACKETS = re.compile(r'\{[^{}]*\}|\[[^\]]*\]|"[^"]*"|\b(?:by|on|ignoring|without)\s*\([^)]*\)')
NAME = re.compile(r"(?<![\w:])[A-Za-z_:][\w:]*(?!\w*\s*\()")

Json = dict[str, Any]


def load(name: str) -> Json:
    """Return a dashboard."""
    dashboard: Json = json.loads((DASHBOARDS / name).read_text(encoding="utf-8"))
    return dashboard


def panels_of(dashboard: Json) -> Iterator[Json]:
    """Yield the rows and the panels, those of collapsed rows included."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def shown(dashboard: Json) -> list[Json]:
    """Return the panels without the rows."""
    return [panel for panel in panels_of(dashboard) if panel["type"] != "row"]


def expressions(dashboard: Json) -> Iterator[str]:
    """Yield the queries of a dashboard's panels, annotations and variables."""
    for panel in shown(dashboard):
        yield from (target["expr"] for target in panel["targets"])
    yield from (mark["expr"] for mark in dashboard["annotations"]["list"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield re.sub(r"label_values\((.*), \w+\)", r"\1", variable["query"]["query"])


def names(expression: str) -> set[str]:
    """Return the names of the series in an expression."""
    return set(NAME.findall(IN_BRACKETS.sub(" ", expression))) - WORDS


ALL = sorted(path.name for path in DASHBOARDS.glob("*.json"))
every_dashboard = pytest.mark.parametrize("name", ALL)


@pytest.fixture(scope="module")
def known(families: Callable[[str], Family]) -> set[str]:
    """Return the names of all series: both tasks' services', the rules' and Prometheus' own."""
    text = "".join(scrape(families(name)) for name in TASKS)
    exposed = set(re.findall(r"^(\w+)[{ ]", text, re.M))
    recorded = {
        rule["record"]
        for path in (THRESHOLDS, *RULES)
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    return exposed | recorded | PROMETHEUS_OWN


def test_there_is_one_for_each_question() -> None:
    assert {load(name)["title"] for name in ALL} == {"Capture", "Model", "Quality", "Service"}


def test_each_has_a_uid_that_stays() -> None:
    assert {load(name)["uid"] for name in ALL} == {
        f"model-serving-{Path(name).stem}" for name in ALL
    }
    assert not any("id" in load(name) for name in ALL)  # Grafana assigns it, and each one another


@every_dashboard
def test_panels_have_ids_of_their_own_and_do_not_overlap(name: str) -> None:
    ids = [panel["id"] for panel in panels_of(load(name))]
    assert len(set(ids)) == len(ids)

    rows = [panel for panel in load(name)["panels"] if panel.get("panels")]
    for panels in (load(name)["panels"], *([row, *row["panels"]] for row in rows)):
        places = [(panel["title"], panel["gridPos"]) for panel in panels]
        pairs = combinations(places, 2)
        assert [title for title, at in places if at["x"] + at["w"] > 24] == []
        assert [(one, other) for (one, a), (other, b) in pairs if overlap(a, b)] == []


def overlap(a: Json, b: Json) -> bool:
    """Return whether two places on the grid share a cell."""
    return bool(
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


@every_dashboard
def test_only_a_collapsed_row_contains_panels_and_they_are_below_it(name: str) -> None:
    """Grafana reads the panels of an open row from the dashboard itself."""
    for panel in load(name)["panels"]:
        inside = panel.get("panels", [])
        assert bool(inside) == panel.get("collapsed", False), panel["title"]
        assert [
            each["title"] for each in inside if each["gridPos"]["y"] <= panel["gridPos"]["y"]
        ] == []


@every_dashboard
def test_each_panel_is_described(name: str) -> None:
    for panel in shown(load(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert len(panel["description"]) > 40, panel["title"]
        assert defaults["noValue"], panel["title"]
        assert defaults["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]


@every_dashboard
def test_each_runbook_that_is_named_belongs_to_an_alert(name: str) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in RULES)
    alerts = set(re.findall(r"runbook_url: (\S+)", rules))

    text = " ".join(panel["description"] for panel in shown(load(name)))
    named = set(re.findall(r"[\w/]*docs/runbooks/[\w-]+\.md", text))
    assert named
    assert named - alerts == set()


@every_dashboard
def test_each_series_that_is_queried_exists(name: str, known: set[str]) -> None:
    asked = set.union(*(names(expression) for expression in expressions(load(name))))

    assert asked - known == set()


@every_dashboard
def test_each_variable_that_is_used_can_be_selected(name: str) -> None:
    dashboard = load(name)
    offered = {variable["name"] for variable in dashboard["templating"]["list"]}

    used = set(re.findall(r"\$\{?(\w+)", " ".join(expressions(dashboard))))
    used |= {panel["repeat"] for panel in dashboard["panels"] if "repeat" in panel}
    assert used - {"__rate_interval", "__range"} <= offered
    assert {"datasource", "job", "model", "version"} <= offered


@every_dashboard
def test_no_share_exceeds_all(name: str) -> None:
    """Two increases are extrapolated each on its own, unless the whole contains the part."""
    shares = [
        target["expr"]
        for panel in shown(load(name))
        if panel["fieldConfig"]["defaults"]["unit"] == "percentunit"
        for target in panel["targets"]
        if re.search(r"\b(?:rate|increase)\(", target["expr"])
    ]
    for expression in shares:
        part, _, whole = expression.partition(" / ")
        assert expression.startswith("clamp_max(") or part in whole, expression


@every_dashboard
def test_rows_and_requests_are_whole_numbers(name: str) -> None:
    """An increase is extrapolated, and so is not one."""
    counted = [
        target["expr"]
        for panel in shown(load(name))
        for target in panel["targets"]
        if "model:outcomes{" in target["expr"]
        or (panel["type"] == "table" and "increase" in target["expr"])
    ]
    assert [each for each in counted if not each.startswith("round(")] == []
