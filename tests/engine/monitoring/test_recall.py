"""A label that the model no longer recognises is a violation, however good accuracy is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.monitoring.classifier.recall import compare_recalls
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.performance import LabelMetrics
from modelserve.monitoring.results.result import MonitoringResult
from modelserve.monitoring.uncertain import uncertain_figures
from modelserve.training.reference import label_hits

Run = Callable[..., MonitoringResult]
OTHERS = (LabelMetrics("dog", 900, 900, 880), LabelMetrics("eel", 900, 900, 880))
SHAPE = {"actual": [30, 30, 30], "recalled": [28, 28, 28]}


@pytest.mark.parametrize(
    ("actual", "both", "verdict", "chance"),
    [
        pytest.param(100, 50, Verdict.VIOLATION, "", id="collapsed"),
        pytest.param(100, 95, Verdict.OK, "", id="as-in-training"),
        pytest.param(100, 85, Verdict.OK, "may be chance", id="above-the-threshold-by-chance"),
        pytest.param(50, 40, Verdict.OK, "may be chance", id="below-the-threshold-by-chance"),
        pytest.param(49, 10, Verdict.TOO_FEW, "", id="few-rows"),
        pytest.param(0, 0, Verdict.INFORMATIVE, "", id="no-row"),
    ],
)
def test_a_recall_has_a_verdict(
    bounds: MonitoringConfig, actual: int, both: int, verdict: Verdict, chance: str
) -> None:
    label = LabelMetrics("cat", both, actual, both)
    cat, *others = compare_recalls([label, *OTHERS], SHAPE, bounds.quality)
    assert (cat.verdict, cat.chance) == (verdict, chance)
    assert [each.verdict for each in others] == [Verdict.OK] * 2


@pytest.mark.parametrize("rows", [100, 100_000])
def test_few_rows_of_training_excuse_a_low_recall_and_are_named(
    bounds: MonitoringConfig, job: Run, production: Any, rows: int
) -> None:
    few = {"actual": [3, 30, 30], "recalled": [3, 28, 28]}
    right = rows * 7 // 10
    labels = [LabelMetrics("cat", right, rows, right), *OTHERS]
    cat, *others = compare_recalls(labels, few, bounds.quality)
    assert (cat.verdict, cat.training, cat.bound) == (Verdict.OK, 1.0, pytest.approx(0.9))
    assert (cat.chance, [each.chance for each in others]) == ("may be chance", ["", ""])
    records = production.capture(production.rows)
    result = job(production.write(records), ground_truth=production.write_truths(records))
    assert result.performance
    told = replace(result, performance=replace(result.performance, labels=(cat,)))
    assert (
        "recall of cat",
        "0.7 is below the threshold 0.9, but training measured its 1 on 3 rows, too few to tell a "
        "fall from chance",
    ) in uncertain_figures(told)


@pytest.mark.slow
def test_without_change_a_label_of_many_rarely_violates(bounds: MonitoringConfig) -> None:
    random = np.random.default_rng(8)
    alarms = 0
    for _ in range(300):
        shape = {"actual": [40] * 10, "recalled": random.binomial(40, 0.8, 10).tolist()}
        labels = [
            LabelMetrics(str(i), 0, 60, int(both))
            for i, both in enumerate(random.binomial(60, 0.8, 10))
        ]
        compared = compare_recalls(labels, shape, bounds.quality)
        alarms += any(each.verdict is Verdict.VIOLATION for each in compared)
    assert alarms / 300 < 3 * bounds.quality.significance


def test_an_artifact_without_recalls_has_no_verdict(bounds: MonitoringConfig) -> None:
    assert compare_recalls(OTHERS, {"counts": [1, 2]}, bounds.quality) == OTHERS


def test_training_counts_how_often_each_label_is_recognised() -> None:
    outputs = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=np.float32)
    assert label_hits(["1", "1", "2"], outputs, ("1", "2")) == {
        "actual": [2, 1],
        "recalled": [1, 0],
    }


def test_the_reference_holds_every_held_out_row(trained: Artifact) -> None:
    data = trained.manifest.data
    shape = trained.read_json(artifact.REFERENCE)["outputs"]["label"]
    assert sum(shape["actual"]) == data.calibration_rows + data.test_rows
    assert all(both <= n for both, n in zip(shape["recalled"], shape["actual"], strict=True))


def test_a_label_that_collapses_is_a_violation_of_its_own(job: Run, production: Any) -> None:
    records = production.capture(production.rows * 4)
    pairs = production.held_out
    values = sorted({str(value) for _, value in pairs})

    def confuse(value: Any) -> Any:
        """Return for the rows of one label another one, half of whose rows are recognised then."""
        return values[0] if str(value) == values[1] else value

    result = job(
        production.write(records), ground_truth=production.write_truths(records, wrong=confuse)
    )

    names = [each.name for each in result.violations]
    assert f"recall of {values[0]}" in names
    assert f"recall of {values[1]}" not in names
