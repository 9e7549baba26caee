"""The comparison as Prometheus reads it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from modelserve.monitoring import exposition
from modelserve.monitoring.results.captures import CaptureSummary, ObservedWindow
from modelserve.monitoring.results.drift import FieldDrift, Verdict
from modelserve.monitoring.results.fairness import Fairness, FairnessGap
from modelserve.monitoring.results.performance import (
    Confidence,
    FeedbackSummary,
    LabelMetrics,
    Metric,
    Performance,
)
from modelserve.monitoring.results.result import MonitoringResult
from prometheus_client.parser import (
    text_string_to_metric_families,
)

TIME = datetime(2026, 11, 21, 10, tzinfo=UTC)
DRIFT = FieldDrift(
    kind="input",
    field='city\n"old"',
    bins=("Porto", "(unseen)", "(missing)"),
    edges=(),
    reference=(8, 0, 2),
    observed=(5, 3, 2),
    psi=0.25,
    psi_critical=0.125,
    p=0.5,
    adjusted_p=0.75,
    ks=None,
    ks_p=None,
    jensen_shannon=0.5,
    out_of_range=0,
    numbers=None,
    verdict=Verdict.OK,
)
METRICS = (
    Metric("accuracy", 0.5, 0.75, 0.625, 0.25, Verdict.OK),
    Metric("calibration_error", 0.125, None, None, None, Verdict.INFORMATIVE),
)
GAPS = (
    FairnessGap("demographic_parity", 0.25, 0.5, "a", "north", "south", 0.5, Verdict.OK),
    FairnessGap("equalised_odds", 0.0, 0.5, None, None, None, None, Verdict.TOO_FEW),
)
LABELS = (LabelMetrics("cat", 9, 8, 4, 0.75, 0.625), LabelMetrics("dog", 3, 4, 1))
RESULT = MonitoringResult(
    created=TIME,
    model="iris",
    version="1",
    task="classifier",
    window=ObservedWindow(None, None, TIME, TIME, 4, 10),
    captures=CaptureSummary(1, 0, 2, 3, 0, 0, 0, 5, (), {}, {}),
    fields=(DRIFT,),
    confidence=Confidence(10, 0.875, 0.75, 0.5, 0.5, Verdict.OK),
    performance=Performance(FeedbackSummary(6, 0, 0, 0, 0, 0, 0, ()), METRICS, LABELS, (), ()),
    fairness=Fairness((), GAPS),
    violations=(),
)
OWN = {"model": "iris", "version": "1"}


def samples(result: MonitoringResult) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return all series by name, each with its own labels."""
    actual: dict[str, Any] = {}
    for family in text_string_to_metric_families(exposition.write(result).decode()):
        for each in family.samples:
            assert each.labels.items() >= OWN.items()
            labels = {name: text for name, text in each.labels.items() if name not in OWN}
            actual.setdefault(each.name, []).append((labels, each.value))
    return actual


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("timestamp_seconds", {}, TIME.timestamp()),
        ("violations", {}, 0),
        ("records", {}, 4),
        ("rows", {}, 10),
        ("degraded_rows", {}, 5),
        ("inference_timestamp_seconds", {"end": "last"}, TIME.timestamp()),
        ("unreadable_lines", {"reason": "corrupt"}, 2),
        ("unreadable_lines", {"reason": "foreign"}, 3),
        ("psi", {"kind": "input", "field": 'city\n"old"'}, 0.25),
        ("psi_critical", {"kind": "input", "field": 'city\n"old"'}, 0.125),
        ("chi_square_p", {"kind": "input", "field": 'city\n"old"'}, 0.75),
        ("jensen_shannon", {"kind": "input", "field": 'city\n"old"'}, 0.5),
        ("missing_share", {"kind": "input", "field": 'city\n"old"'}, 0.2),
        ("unseen_share", {"kind": "input", "field": 'city\n"old"'}, 0.3),
        ("confidence", {}, 0.875),
        ("outcomes", {}, 6),
        ("metric", {"metric": "accuracy"}, 0.5),
        ("metric", {"metric": "calibration_error"}, 0.125),
        ("metric_bound", {"metric": "accuracy"}, 0.625),
        ("training_metric", {"metric": "accuracy"}, 0.75),
        ("label_recall", {"label": "cat"}, 0.5),
        ("label_recall", {"label": "dog"}, 0.25),
        ("label_recall_bound", {"label": "cat"}, 0.625),
        ("label_training_recall", {"label": "cat"}, 0.75),
        ("fairness_gap", {"measure": "demographic_parity"}, 0.25),
    ],
)
def test_every_figure_is_a_series(name: str, labels: dict[str, str], value: float) -> None:
    assert (labels, value) in samples(RESULT)[f"monitor_{name}"]


def test_a_figure_that_there_is_not_is_no_series() -> None:
    actual = samples(RESULT)
    assert "monitor_kolmogorov_smirnov" not in actual
    partial = ("metric_bound", "fairness_gap", "label_recall_bound", "label_training_recall")
    assert [len(actual[f"monitor_{name}"]) for name in partial] == [1, 1, 1, 1]


def test_without_truths_nothing_is_said_of_them() -> None:
    bare = samples(replace(RESULT, confidence=None, performance=None, fairness=None))
    names = ("confidence", "outcomes", "metric", "metric_bound", "training_metric", "fairness_gap")
    assert not bare.keys() & {f"monitor_{name}" for name in names}
    assert bare["monitor_rows"] == [({}, 10)]
