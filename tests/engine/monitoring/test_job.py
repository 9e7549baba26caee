"""The whole job: production that is as training was is calm, and any other is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.result import MonitoringResult
from prometheus_client.parser import (
    text_string_to_metric_families,
)

from tests.engine.families import Family

FAMILIES = ("iris", "diabetes", "sentiment")

Run = Callable[..., MonitoringResult]
NAMES = {
    "statistics.json",
    "constraints.json",
    "constraint_violations.json",
    "metrics.prom",
    "report.html",
}


def read_json(path: Path) -> Any:
    """Return a file's content."""
    return json.loads(path.read_text(encoding="utf-8"))


def breaches(result: MonitoringResult) -> set[str]:
    """Return what is beyond its bounds."""
    return {each.name for each in result.violations}


def test_production_without_a_shift_is_calm(job: Run, production: Any, output: Path) -> None:
    records = production.capture(production.rows)

    result = job(production.write(records), ground_truth=production.write_truths(records))

    assert not result.violations
    assert {each.verdict for each in result.fields} == {Verdict.OK}
    assert {path.name for path in output.iterdir()} == NAMES
    assert read_json(output / "constraint_violations.json") == {"violations": []}
    assert result.window.rows == len(production.rows)
    assert result.performance
    assert result.performance.feedback.counted == len(production.rows)
    assert result.performance.feedback.unmatched == 0
    assert result.fairness is None


def test_shifted_inputs_are_a_breach_by_their_names(
    job: Run, production: Any, shift: Any, output: Path
) -> None:
    rows = [shift(row) for row in production.rows]

    result = job(production.write(production.capture(rows)))

    watched = {each.field for each in result.fields if each.kind == "input"}
    moved = {"characters", "tokens"} if "tokens" in watched else watched
    assert moved <= breaches(result)
    told = read_json(output / "constraint_violations.json")["violations"]
    assert {each["feature_name"] for each in told} == breaches(result)
    assert "baseline_drift_check" in {each["constraint_check_type"] for each in told}
    assert all(each["description"] for each in told)


def test_wrong_answers_are_a_breach_though_no_input_has_moved(
    job: Run, production: Any, trained: Artifact
) -> None:
    labels = trained.manifest.labels

    def wrong(value: Any) -> Any:
        return labels[labels.index(value) - 1] if labels else value + 1_000

    records = production.capture(production.rows)
    result = job(
        production.write(records), ground_truth=production.write_truths(records, wrong=wrong)
    )
    recalls = {f"recall of {label}" for label in labels}  # of labels with enough rows
    assert breaches(result) - recalls == {"accuracy" if labels else "mae"}


def test_the_quality_is_that_of_training_on_the_rows_that_judged_it(
    job: Run, production: Any, trained: Artifact
) -> None:
    judges = production.held_out[trained.manifest.data.calibration_rows :]
    records = production.capture([row for row, _ in judges])

    truths = production.write_truths(records, pairs=judges)
    result = job(production.write(records), ground_truth=truths)

    assert result.performance
    metrics = {each.name: each for each in result.performance.metrics}
    shared = metrics.keys() & trained.manifest.metrics.keys()
    assert len(shared) >= 3
    for name in shared:
        assert metrics[name].value == pytest.approx(metrics[name].training, rel=1e-5, abs=2e-6)
    if result.confidence:
        expected = trained.manifest.metrics["mean_confidence"]
        assert result.confidence.mean == pytest.approx(expected, abs=2e-6)


def test_answers_of_the_prior_are_a_breach_and_tell_nothing_else(job: Run, production: Any) -> None:
    records = production.capture(production.rows)
    for each in records[: len(records) // 2]:
        side = each["captureData"]["endpointOutput"]
        side["data"] = side["data"].replace('"degraded":false', '"degraded":true')

    result = job(production.write(records), ground_truth=production.write_truths(records))

    assert breaches(result) == {"degraded_share"}
    assert result.performance
    told = result.performance.feedback
    assert told.degraded == result.captures.degraded > 0
    assert told.counted == len(production.rows) - told.degraded
    assert told.unmatched == 0


def test_a_group_that_is_worse_served_is_a_breach_by_the_measure(
    job: Run, production: Any, bounds: MonitoringConfig, trained: Artifact
) -> None:
    labels = trained.manifest.labels
    fairness = bounds.fairness.model_copy(update={"groups": ("north", "south")})

    def wrong(value: Any) -> Any:
        return labels[labels.index(value) - 1] if labels else value + 1_000

    north, south = (production.capture(production.rows * 4) for _ in range(2))
    production.write_truths(north, group="north", name="north.jsonl")
    truths = production.write_truths(south, group="south", name="south.jsonl", wrong=wrong)

    result = job(
        production.write(north + south),
        ground_truth=truths,
        config=bounds.model_copy(update={"fairness": fairness}),
    )

    assert result.fairness
    assert {each.group: each.compared for each in result.fairness.groups} == {
        "north": True,
        "south": True,
    }
    # Both groups asked the same and were answered the same; one of them was wronged.
    wronged = {"accuracy", "equalised_odds"} if labels else {"mae", "error_ratio"}
    assert wronged <= breaches(result)
    assert "demographic_parity" not in breaches(result)


def test_every_file_of_the_report_says_the_same(job: Run, production: Any, output: Path) -> None:
    records = production.capture(production.rows)
    result = job(production.write(records), ground_truth=production.write_truths(records))

    statistics = read_json(output / "statistics.json")
    assert statistics["dataset"]["item_count"] == len(production.rows)
    names = [each.field for each in result.fields]
    assert [each["name"] for each in statistics["features"]] == names
    constraints = read_json(output / "constraints.json")
    assert [each["name"] for each in constraints["features"]] == names
    families = text_string_to_metric_families((output / "metrics.prom").read_text("utf-8"))
    samples = {each.name: each.samples for each in families}
    assert [each.value for each in samples["monitor_rows"]] == [len(production.rows)]
    assert {each.labels["field"] for each in samples["monitor_psi"]} == set(names)
    assert result.version in (output / "report.html").read_text(encoding="utf-8")


def test_the_report_is_in_the_language_of_the_settings_and_the_result_is_not(
    family: Family, make_settings: Callable[..., Any], job: Run, production: Any, output: Path
) -> None:
    records = production.capture(production.rows)
    service = family.project.service_class(make_settings(locale="pt-BR"))
    result = job(production.write(records), service=service)
    report = (output / "report.html").read_text(encoding="utf-8")
    assert "Relatório de monitoramento" in report
    assert "Monitoring report" not in report
    assert {each.verdict for each in result.fields} <= {*Verdict}
    violations = read_json(output / "constraint_violations.json")["violations"]
    assert [each["description"] for each in violations] == [
        each.description for each in result.violations
    ]
