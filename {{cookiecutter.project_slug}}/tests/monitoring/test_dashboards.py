"""Dashboards as files: Grafana can lay them out, and what they ask for is there to ask."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

MONITORING = Path(__file__).parents[2] / "monitoring"
DASHBOARDS = MONITORING / "grafana" / "dashboards"
PROMETHEUS = MONITORING / "prometheus"
PROMETHEUS_OWN = {"up", "ALERTS"}
WORDS = {"and", "bool", "offset", "or", "unless"}
IN_BRACKETS = re.compile(r'\{[^{}]*\}|\[[^\]]*\]|"[^"]*"|\b(?:by|on|ignoring|without)\s*\([^)]*\)')
NAME = re.compile(r"(?<![\w:])[A-Za-z_:][\w:]*(?!\w*\s*\()")

Json = dict[str, Any]


def load(name: str) -> Json:
    """Return a dashboard."""
    dashboard: Json = json.loads((DASHBOARDS / name).read_text(encoding="utf-8"))
    return dashboard


def shown(dashboard: Json) -> list[Json]:
    """Return the panels that show something: all but the headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: Json) -> Iterator[str]:
    """Yield what a dashboard asks Prometheus: for its panels, its marks and its choices."""
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


@pytest.fixture
def known(client: TestClient, row: Json) -> set[str]:
    """Return the names of all series: the service's, the rules' and Prometheus' own."""
    client.post("/predict", json={"instances": [row]})
    exposed = set(re.findall(r"^(\w+)[{ ]", client.get("/metrics").text, re.M))
    recorded = {
        rule["record"]
        for path in (PROMETHEUS / "thresholds.yaml", *PROMETHEUS.glob("rules/*.yaml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    return exposed | recorded | PROMETHEUS_OWN


def test_there_is_one_for_each_question() -> None:
    titles = {load(name)["title"] for name in ALL}

    assert titles == {"Capture", "Model", "Quality", "Service"}


def test_each_is_known_by_a_name_that_stays() -> None:
    uids = [load(name)["uid"] for name in ALL]

    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"model-serving-[a-z-]{1,26}", uid) for uid in uids)
    assert not any("id" in load(name) for name in ALL)  # Grafana gives it, another in each place


@every_dashboard
def test_panels_have_ids_of_their_own_and_do_not_overlap(name: str) -> None:
    panels = load(name)["panels"]

    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids)
    places = [(panel["title"], panel["gridPos"]) for panel in panels]
    assert [title for title, at in places if at["x"] + at["w"] > 24] == []
    assert [(one, other) for (one, a), (other, b) in combinations(places, 2) if overlap(a, b)] == []


def overlap(a: Json, b: Json) -> bool:
    """Tell whether two places on the grid share a cell."""
    return bool(
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


@every_dashboard
def test_each_panel_says_what_it_shows_and_what_to_do(name: str) -> None:
    for panel in shown(load(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert len(panel["description"]) > 40, panel["title"]
        assert defaults["noValue"], panel["title"]
        assert defaults["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]


@every_dashboard
def test_each_runbook_that_is_named_belongs_to_an_alert(name: str) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in PROMETHEUS.glob("rules/*.yaml"))
    alerts = set(re.findall(r"runbook_url: (\S+)", rules))

    text = " ".join(panel["description"] for panel in shown(load(name)))
    assert set(re.findall(r"docs/runbooks/[\w-]+\.md", text)) - alerts == set()


@every_dashboard
def test_each_series_that_is_asked_for_is_made(name: str, known: set[str]) -> None:
    asked = set.union(*(names(expression) for expression in expressions(load(name))))

    assert asked - known == set()


@every_dashboard
def test_each_variable_that_is_used_is_there_to_choose(name: str) -> None:
    dashboard = load(name)
    offered = {variable["name"] for variable in dashboard["templating"]["list"]}

    used = set(re.findall(r"\$\{?(\w+)", " ".join(expressions(dashboard))))
    used |= {panel["repeat"] for panel in dashboard["panels"] if "repeat" in panel}
    assert used - {"__rate_interval", "__range"} <= offered
    assert {"datasource", "job", "model", "version"} <= offered
