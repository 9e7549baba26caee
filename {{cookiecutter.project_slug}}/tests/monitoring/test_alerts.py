"""Every alert says what has happened and what to do, and every threshold is one that is used."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
PROMETHEUS = PROJECT / "monitoring" / "prometheus"
RULES = sorted(PROMETHEUS.glob("rules/*.yaml"))
FIXED = PROMETHEUS / "tests" / "fixed" / "thresholds.yaml"

ALERTS = {
    *("InputDrift", "PredictionDrift", "ModelDegraded", "QualityBelowFloor", "FairnessGap"),
    *("ErrorBudgetBurn", "LatencyBudgetBurn", "CaptureDropping", "NoTraffic", "ServiceDown"),
    *("StaleModel", "UnusualUse", "ConsumerSurge"),
}
# What only one task has, and what only the other task's rules compare with.
ALERTS_OF_TASKS = ({"ConfidenceDropped"}, set())
UNUSED_BY_TASKS = (
    {"fairness_error_ratio"},
    {"quality_confidence_drop", "fairness_demographic_parity", "fairness_equalised_odds"},
)


def rules_of(*paths: Path) -> list[dict[str, Any]]:
    """Return the rules of some files."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def kebab(name: str) -> str:
    """Return an alert's name as its runbook's."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def thresholds_of(path: Path) -> set[str]:
    """Return the names of the thresholds that a file records."""
    names = {rule["record"] for rule in rules_of(path)}
    return {name.removeprefix("threshold:") for name in names if name.startswith("threshold:")}


EACH_ALERT = [
    pytest.param(rule, id=f"{rule['alert']}-{rule['labels']['severity']}")
    for rule in rules_of(*RULES)
    if "alert" in rule
]


def test_the_alerts_are_those_that_the_project_promises() -> None:
    named = {rule["alert"] for rule in rules_of(*RULES) if "alert" in rule}
    assert named - ALERTS in ALERTS_OF_TASKS
    assert named >= ALERTS


@pytest.mark.parametrize("rule", EACH_ALERT)
def test_an_alert_says_how_urgent_it_is_and_what_has_happened(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert all(text.strip() for text in rule["annotations"].values())
    assert "for" in rule


@pytest.mark.parametrize("rule", EACH_ALERT)
def test_an_alert_has_a_runbook(rule: dict[str, Any]) -> None:
    runbook = rule["annotations"]["runbook_url"]
    assert runbook == f"docs/runbooks/{kebab(rule['alert'])}.md"
    assert rule["alert"] in (PROJECT / runbook).read_text(encoding="utf-8").partition("\n")[0]


def test_a_runbook_has_an_alert() -> None:
    books = {path.stem for path in (PROJECT / "docs" / "runbooks").glob("*.md")}
    assert books == {kebab(rule["alert"]) for rule in rules_of(*RULES) if "alert" in rule}


def test_every_alert_is_seen_firing_and_quiet() -> None:
    files = [yaml.safe_load(path.read_text("utf-8")) for path in PROMETHEUS.glob("tests/*.yaml")]
    cases = [
        case for file in files for test in file["tests"] for case in test.get("alert_rule_test", [])
    ]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    assert firing == {rule["alert"] for rule in rules_of(*RULES) if "alert" in rule}


def test_the_rules_use_the_thresholds_that_are_rendered() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    used = set(re.findall(r"threshold:(\w+)", text))
    rendered = thresholds_of(PROMETHEUS / "thresholds.yaml")
    assert used <= rendered
    assert rendered - used in UNUSED_BY_TASKS


def test_the_rules_tests_know_every_threshold() -> None:
    assert thresholds_of(FIXED) == thresholds_of(PROMETHEUS / "thresholds.yaml")


def test_prometheus_reads_every_file_of_rules() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text(encoding="utf-8"))
    read = {path for pattern in config["rule_files"] for path in PROMETHEUS.glob(pattern)}
    assert read == {PROMETHEUS / "thresholds.yaml", *RULES}
