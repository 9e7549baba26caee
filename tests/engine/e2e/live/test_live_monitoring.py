"""While a service is used, every rule and every panel of its task has data, and no other has."""

import json
import re
import select
import socket
import time
from collections.abc import Callable, Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
import yaml
from modelserve.artifact import Artifact
from modelserve.monitoring.thresholds import run as render_thresholds

from tests.engine.families import FOLDER, LIBRARY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("iris", "diabetes", "sentiment")
RULES = sorted(LIBRARY.glob("monitoring/prometheus/rules/*.yaml"))
DASHBOARDS = sorted(LIBRARY.glob("monitoring/grafana/dashboards/*.json"))
HOST = "127.0.0.1"
WITHIN_S = 60
MAX_BODY_BYTES = 2**18
GROUPS = ["north", "south"]

# What only a classifier's and what only a regressor's service exposes; rules add their own names.
METRICS_OF = {
    "classifier": r"\bmodel_(?:outcomes|confidence|challenger_agreeing)_"
    r'|metric="(?:accuracy|mean_confidence)"',
    "regressor": r'\bmodel_(?:\w+_error|overestimates)_|metric="(?:mae|rmse)"',
}
RULES_OF = {
    "classifier": ("confidence", "quality-classifier", "fairness-classifier"),
    "regressor": ("quality-regressor", "fairness-regressor"),
}

SELECTOR = re.compile(r"(?<![\w:.])[a-z_:][\w:]*(?![\w:]*\s*\()(?:{[^}]*})?", re.I)
NO_SELECTOR = re.compile(r"\b(?:by|on|ignoring|without|group_\w+) *\([^)]*\)|\[[^\]]*\]")
WORDS = {"and", "bool", "offset", "or", "unless"}

Json = dict[str, Any]
Queries = dict[str, tuple[str, ...]]  # by where they are: an expression, and the labels it needs
Use = Callable[[Any], None]


def rules_of(path: Path) -> Iterator[Json]:
    """Yield the rules of a file."""
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def queries_of_rules(path: Path) -> Queries:
    """Return what each rule needs: what it records, or each part of what an alert compares."""
    actual: Queries = {}
    for rule in rules_of(path):
        if "record" in rule:
            labels = ", ".join(f'{name}="{it}"' for name, it in rule.get("labels", {}).items())
            parts = [f"{rule['record']}{{{labels}}}"]
        else:
            selectors = SELECTOR.findall(NO_SELECTOR.sub(" ", rule["expr"]))
            parts = [part for part in selectors if part not in WORDS]
        name = rule.get("record", rule.get("alert"))
        actual |= {f"{path.name}: {name}: {part}": (part,) for part in parts}
    return actual


def queries_of_panels(path: Path, prometheus: Any) -> Queries:
    """Return what each panel queries for each value of its variables."""
    actual: Queries = {}
    offered: dict[str, list[str]] = {}
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    for variable in dashboard["templating"]["list"]:
        firsts = {name: values[0] for name, values in offered.items()}
        offered[variable["name"]] = choices(prometheus, variable, firsts)
        assert offered[variable["name"]], f"{path.name}: {variable['name']} offers nothing"
    rows = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    for panel in [*dashboard["panels"], *(panel for row in rows for panel in row["panels"])]:
        for target in panel.get("targets", []):
            used = [name for name in offered if f"${name}" in target["expr"]]
            for values in product(*(offered[name] for name in used)):
                where = f"{path.name}: {panel['id']} {panel['title']} {target['refId']} {values}"
                expression = fill(target["expr"], dict(zip(used, values, strict=True)))
                actual[where] = (expression, *labels_named(panel, target))
    return actual


def choices(prometheus: Any, variable: Json, chosen: dict[str, str]) -> list[str]:
    """Return the values that a dashboard's variable offers."""
    if variable["type"] != "query":
        return list(variable["query"].split(","))
    if "allValue" in variable:
        return [variable["allValue"]]
    series, label = variable["query"]["query"].removeprefix("label_values(")[:-1].rsplit(", ", 1)
    actual = prometheus.find(f"count by ({label}) ({fill(series, chosen)})")
    return sorted(each["metric"][label] for each in actual)


def fill(expression: str, chosen: dict[str, str]) -> str:
    """Replace a dashboard's variables by their values."""
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


def only_for(task: str) -> re.Pattern[str]:
    """Return a pattern of the expressions that have data for one task only."""
    recorded: dict[str, set[str]] = {
        each: {
            rule["record"]
            for path in RULES
            if path.stem in stems
            for rule in rules_of(path)
            if "record" in rule
        }
        for each, stems in RULES_OF.items()
    }
    (other,) = recorded.keys() - {task}
    names = sorted(recorded[task] - recorded[other])
    return re.compile(rf"{METRICS_OF[task]}|(?<![\w:])(?:{'|'.join(names)})(?![\w:])")


@pytest.fixture
def use(golden: list[Json], trained: Artifact) -> Use:
    """Return a function that uses a service: predictions, feedback for each group, an overload."""
    rows = [case["input"] for case in golden]
    field = "label" if trained.manifest.labels else "value"
    truths = cycle(product(GROUPS, trained.manifest.labels or (0.0, 1_000.0)))
    # Two such bodies have more bytes than all unfinished bodies together may have.
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {MAX_BODY_BYTES}\r\n\r\n"
    most = head.encode() + b" " * (MAX_BODY_BYTES - 1)

    def send(service: Any) -> None:
        answer = json.loads(service.ask("POST", "/predict", {"instances": rows})[1])
        outcomes = [
            {"inference_id": answer["inference_id"], "row": row, field: truth, "group": group}
            for row, (group, truth) in zip(range(len(rows)), truths, strict=False)
        ]
        assert service.ask("POST", "/feedback", {"outcomes": outcomes})[0] == 200
        address = (HOST, service.port)
        with (
            socket.create_connection(address, 10) as one,
            socket.create_connection(address, 10) as other,
        ):
            one.sendall(most)
            other.sendall(most)
            (rejected, *_), _, _ = select.select([one, other], [], [], 10)
            assert rejected.recv(1_024).startswith(b"HTTP/1.1 503")
            accepted = other if rejected is one else one
            accepted.sendall(b" ")
            assert accepted.recv(1_024).startswith(b"HTTP/1.1 400")

    return send


def configure(folder: Path) -> tuple[Path, Path]:
    """Write monitoring.toml with groups and without minimums, and its thresholds."""
    config, thresholds = folder / "monitoring.toml", folder / "thresholds.yaml"
    text = (FOLDER / "config" / "monitoring.toml").read_text(encoding="utf-8")
    text = re.sub(r"^groups = .*$", f"groups = {json.dumps(GROUPS)}", text, flags=re.M)
    config.write_text(re.sub(r"^(minimum_\w+ =) \d+", r"\1 1", text, flags=re.M), encoding="utf-8")
    render_thresholds(config, thresholds, check=False)
    return config, thresholds


def test_every_panel_and_every_rule_has_data(
    serve: Callable[..., Any],
    watch: Callable[..., Any],
    use: Use,
    trained: Artifact,
    tmp_path: Path,
) -> None:
    config, thresholds = configure(tmp_path)
    service = serve(
        CAPTURE_DIR=str(tmp_path / "captures"),
        CAPTURE_FILE_AGE_S="1",
        CHALLENGER_DIR=str(trained.folder),
        CHALLENGER_PERCENTAGE="100",
        EXECUTION="threads",  # so that there is a queue
        MAX_CONCURRENCY="1",
        MAX_BODY_BYTES=str(MAX_BODY_BYTES),
        MONITORING_CONFIG=str(config),
    )
    prometheus = watch(service.port, thresholds)
    deadline = time.monotonic() + WITHIN_S
    while not prometheus.sees_the_service() and time.monotonic() < deadline:
        time.sleep(0.1)
    queries: Queries = {}
    for path in RULES:
        queries |= queries_of_rules(path)
    for path in DASHBOARDS:
        queries |= queries_of_panels(path, prometheus)
    (other,) = METRICS_OF.keys() - {trained.manifest.task}
    foreign = {where for where, (query, *_) in queries.items() if only_for(other).search(query)}
    assert foreign

    without_data = [where for where in queries if where not in foreign]
    while without_data and time.monotonic() < deadline:
        use(service)
        without_data = [where for where in without_data if not prometheus.find(*queries[where])]

    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert [rule for rule in rules if rule["health"] != "ok"] == []
    assert without_data == []
    assert [where for where in sorted(foreign) if prometheus.find(*queries[where])] == []
    for path in DASHBOARDS:
        for mark in json.loads(path.read_text(encoding="utf-8"))["annotations"]["list"]:
            prometheus.find(mark["expr"])  # it may have no series now, but must be valid


def test_every_query_belongs_to_one_task_or_to_both() -> None:
    """A query of both tasks' own series would have data in no service."""
    dashboards = "".join(path.read_text(encoding="utf-8") for path in DASHBOARDS)
    queries = [
        json.loads(f'"{text}"') for text in re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', dashboards)
    ]
    classifier, regressor = map(only_for, METRICS_OF)

    assert any(classifier.search(query) for query in queries)
    assert any(regressor.search(query) for query in queries)
    assert [q for q in queries if classifier.search(q) and regressor.search(q)] == []
