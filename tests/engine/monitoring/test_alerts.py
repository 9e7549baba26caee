"""Every alert states what has happened and names its runbook; every threshold is used."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.families import FOLDER, LIBRARY

USERS = FOLDER / "monitoring"  # the project's own part
PROMETHEUS = LIBRARY / "monitoring" / "prometheus"
RULES = sorted(PROMETHEUS.glob("rules/*.yaml"))
TESTS = sorted(PROMETHEUS.glob("tests/*.yaml"))
THRESHOLDS = USERS / "thresholds.yaml"
FIXED = PROMETHEUS / "tests" / "fixed" / "thresholds.yaml"

ALERTS = {
    *("InputDrift", "PredictionDrift", "ModelDegraded", "QualityBelowFloor", "FairnessGap"),
    *("ErrorBudgetBurn", "LatencyBudgetBurn", "CaptureDropping", "NoTraffic", "ServiceDown"),
    *("StaleModel", "UnusualUse", "ConsumerSurge", "ConfidenceDropped", "ModelSaturated"),
    "ReloadRefused",
}
# What both tasks record by the same name; tests/both-tasks.yaml proves that each stays apart.
OF_BOTH_TASKS = {"model:outcomes", "chance:tail"}


def groups_of(*paths: Path) -> list[dict[str, Any]]:
    """Return the groups of some rule files."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]
    return [group for file in files for group in file["groups"]]


def rules_of(*paths: Path) -> list[dict[str, Any]]:
    """Return the rules of some rule files."""
    return [rule for group in groups_of(*paths) for rule in group["rules"]]


def records_of(*paths: Path) -> set[str]:
    """Return the names of the series that some rule files record."""
    return {rule["record"] for rule in rules_of(*paths) if "record" in rule}


def kebab(name: str) -> str:
    """Return the file name of an alert's runbook."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def thresholds_of(path: Path) -> set[str]:
    """Return the names of the thresholds that a file records."""
    names = records_of(path)
    return {name.removeprefix("threshold:") for name in names if name.startswith("threshold:")}


EACH_ALERT = [
    pytest.param(rule, id=f"{rule['alert']}-{rule['labels']['severity']}-{path.stem}")
    for path in RULES
    for rule in rules_of(path)
    if "alert" in rule
]


def test_the_alerts_are_complete() -> None:
    assert {rule["alert"] for rule in rules_of(*RULES) if "alert" in rule} == ALERTS


@pytest.mark.parametrize("rule", EACH_ALERT)
def test_an_alert_has_a_severity_and_a_description(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert all(text.strip() for text in rule["annotations"].values())
    assert "for" in rule


@pytest.mark.parametrize("rule", EACH_ALERT)
def test_an_alert_names_its_job_and_its_model(rule: dict[str, Any]) -> None:
    """One Prometheus may watch staging and production, and several models."""
    assert "{{ $labels.model }} (job {{ $labels.job }})" in rule["annotations"]["summary"]


@pytest.mark.parametrize("rule", EACH_ALERT)
def test_an_annotation_s_query_asks_about_the_alert_s_own_series(rule: dict[str, Any]) -> None:
    """A threshold has no labels."""
    for query in re.findall(r"query (.*?) ?(?:-?}})", rule["annotations"]["description"]):
        if not query.startswith('"threshold:'):
            assert {"$labels.job", "$labels.model"} <= set(re.findall(r"\$labels\.\w+", query))
            assert "{job=%q,model=%q," in query


@pytest.mark.parametrize("rule", EACH_ALERT)
def test_an_alert_has_a_runbook(rule: dict[str, Any]) -> None:
    runbook = rule["annotations"]["runbook_url"]
    assert runbook == f"vendor/modelserve/docs/runbooks/{kebab(rule['alert'])}.md"
    title = (FOLDER / runbook).read_text(encoding="utf-8").partition("\n")[0]
    assert title.startswith(f"# {rule['alert']}: ")


def test_a_runbook_has_an_alert() -> None:
    names = {path.stem for path in (LIBRARY / "docs" / "runbooks").glob("*.md")}
    assert names - {"README"} == set(map(kebab, ALERTS))


def test_every_alert_is_tested_firing_and_quiet() -> None:
    files = [yaml.safe_load(path.read_text("utf-8")) for path in TESTS]
    cases = [
        case for file in files for test in file["tests"] for case in test.get("alert_rule_test", [])
    ]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    assert firing == ALERTS


def test_the_tasks_rules_do_not_collide() -> None:
    names = [group["name"] for group in groups_of(THRESHOLDS, *RULES)]
    assert len(set(names)) == len(names)
    recorded: dict[str, list[str]] = {}
    for path in RULES:
        for name in records_of(path):
            recorded.setdefault(name, []).append(path.stem)
    assert {name for name, files in recorded.items() if len(files) > 1} == OF_BOTH_TASKS


def test_the_rules_use_the_thresholds_that_are_rendered() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    used = set(re.findall(r"threshold:(\w+)", text))
    assert used == thresholds_of(THRESHOLDS)


def test_the_rule_tests_fix_every_threshold() -> None:
    assert thresholds_of(FIXED) == thresholds_of(THRESHOLDS)


def test_prometheus_loads_the_library_s_rules_the_thresholds_and_own_ones() -> None:
    config = yaml.safe_load((USERS / "prometheus.yaml").read_text(encoding="utf-8"))
    read = {path.resolve() for glob in config["rule_files"] for path in USERS.glob(glob)}
    assert read == {THRESHOLDS, USERS / "rules" / "own.yaml", *RULES}


def test_the_project_s_part_is_four_files() -> None:
    assert {path.relative_to(USERS).as_posix() for path in USERS.rglob("*.*")} == {
        *("alertmanager.yaml", "prometheus.yaml", "thresholds.yaml", "rules/own.yaml"),
    }
