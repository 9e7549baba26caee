"""While the service is used, every panel of every dashboard and every rule has data."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
import yaml

from package.artifact import Artifact
from package.serving.outcomes import TRUTH

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROJECT = Path(__file__).parents[3]
RULES = sorted(PROJECT.glob("monitoring/prometheus/rules/*.yaml"))
DASHBOARDS = sorted(PROJECT.glob("monitoring/grafana/dashboards/*.json"))
HOST = "127.0.0.1"
WITHIN_S = 60
GROUPS = ["north", "south"]

SELECTOR = re.compile(r"(?<![\w:.])[a-z_:][\w:]*(?![\w:]*\s*\()(?:{[^}]*})?", re.I)
NO_SELECTOR = re.compile(r"\b(?:by|on|ignoring|without|group_\w+) *\([^)]*\)|\[[^\]]*\]")
WORDS = {"and", "bool", "offset", "or", "unless"}

Json = dict[str, Any]
Asked = dict[str, tuple[str, ...]]  # by where it is asked: an expression, and the labels it needs
Use = Callable[[Any], None]


def asked_by_rules(path: Path) -> Asked:
    """Return what each rule needs: what it records, or each part of what an alert compares."""
    found: Asked = {}
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        if "record" in rule:
            labels = ", ".join(f'{name}="{it}"' for name, it in rule.get("labels", {}).items())
            parts = [f"{rule['record']}{{{labels}}}"]
        else:
            selectors = SELECTOR.findall(NO_SELECTOR.sub(" ", rule["expr"]))
            parts = [part for part in selectors if part not in WORDS]
        name = rule.get("record", rule.get("alert"))
        found |= {f"{path.name}: {name}: {part}": (part,) for part in parts}
    return found


def asked_by_panels(path: Path, prometheus: Any) -> Asked:
    """Return what each panel asks for each choice of its variables."""
    found: Asked = {}
    offered: dict[str, list[str]] = {}
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    for variable in dashboard["templating"]["list"]:
        firsts = {name: values[0] for name, values in offered.items()}
        offered[variable["name"]] = choices(prometheus, variable, firsts)
        assert offered[variable["name"]], f"{path.name}: {variable['name']} offers nothing"
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            used = [name for name in offered if f"${name}" in target["expr"]]
            for values in product(*(offered[name] for name in used)):
                where = f"{path.name}: {panel['title']} {target['refId']} {values}"
                expression = fill(target["expr"], dict(zip(used, values, strict=True)))
                found[where] = (expression, *labels_named(panel, target))
    return found


def choices(prometheus: Any, variable: Json, chosen: dict[str, str]) -> list[str]:
    """Return what a dashboard's variable offers."""
    if variable["type"] != "query":
        return list(variable["query"].split(","))
    if "allValue" in variable:
        return [variable["allValue"]]
    series, label = variable["query"]["query"].removeprefix("label_values(")[:-1].rsplit(", ", 1)
    found = prometheus.find(f"count by ({label}) ({fill(series, chosen)})")
    return sorted(each["metric"][label] for each in found)


def fill(expression: str, chosen: dict[str, str]) -> str:
    """Put what was chosen in the place of a dashboard's variables."""
    for name, value in chosen.items():
        expression = expression.replace(f"${name}", value)
    return expression


def labels_named(panel: Json, target: Json) -> list[str]:
    """Return the labels that a panel's legend or its columns name."""
    columns: list[str] = []
    for options in (each["options"] for each in panel.get("transformations", [])):
        columns += options.get("renameByName", {})
        columns += [options[name] for name in ("columnField", "rowField") if name in options]
    labels = [name for name in columns if not name.startswith("Value")]
    return labels + re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))


@pytest.fixture
def use(golden: list[Json], found: Artifact) -> Use:
    """Return a way to ask a service, to tell it truths of each group, and to overload it."""
    rows = [case["input"] for case in golden]
    truths = cycle(product(GROUPS, found.manifest.labels or (0.0, 1_000.0)))
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: 2"

    def send(service: Any) -> None:
        answer = json.loads(service.ask("POST", "/predict", {"instances": rows})[1])
        outcomes = [
            {"inference_id": answer["inference_id"], "row": row, TRUTH: truth, "group": group}
            for row, (group, truth) in zip(range(len(rows)), truths, strict=False)
        ]
        assert service.ask("POST", "/feedback", {"outcomes": outcomes})[0] == 200
        with socket.create_connection((HOST, service.port), timeout=10) as other:
            other.sendall(f"{head}\r\n\r\n".encode())
            other.recv(1_024)  # now the only place is taken, until the body comes
            assert service.ask("POST", "/predict", {"instances": rows})[0] == 503
            other.sendall(b"{}")
            other.recv(1_024)

    return send


def test_every_panel_and_every_rule_has_data(
    serve: Callable[..., Any],
    watch: Callable[..., Any],
    use: Use,
    command: Callable[..., list[str]],
    tmp_path: Path,
) -> None:
    config, thresholds = tmp_path / "monitoring.toml", tmp_path / "thresholds.yaml"
    text = (PROJECT / "config" / "monitoring.toml").read_text(encoding="utf-8")
    text = re.sub(r"^groups = .*$", f"groups = {json.dumps(GROUPS)}", text, flags=re.M)
    config.write_text(re.sub(r"^(minimum_\w+ =) \d+", r"\1 1", text, flags=re.M), encoding="utf-8")
    render = command("thresholds", "--config", str(config), "--output", str(thresholds))
    subprocess.run(render, check=True, capture_output=True)
    service = serve(
        CAPTURE_DIR=str(tmp_path / "captures"),
        CAPTURE_FILE_AGE_S="1",
        MAX_CONCURRENCY="1",
        MONITORING_CONFIG=str(config),
    )
    prometheus = watch(service.port, thresholds)
    deadline = time.monotonic() + WITHIN_S
    while not prometheus.sees_the_service() and time.monotonic() < deadline:
        time.sleep(0.1)
    asked: Asked = {}
    for path in RULES:
        asked |= asked_by_rules(path)
    for path in DASHBOARDS:
        asked |= asked_by_panels(path, prometheus)

    without_data = list(asked)
    while without_data and time.monotonic() < deadline:
        use(service)
        without_data = [where for where in without_data if not prometheus.find(*asked[where])]

    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert [rule for rule in rules if rule["health"] != "ok"] == []
    assert without_data == []
    for path in DASHBOARDS:
        for mark in json.loads(path.read_text(encoding="utf-8"))["annotations"]["list"]:
            prometheus.find(mark["expr"])  # there need be none now, but it must be an expression
