"""What the report says of answers whose truth is known, and of those whose truth is not."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from modelserve.manifest import Manifest
from modelserve.monitoring.report.page import render
from modelserve.monitoring.results.performance import FeedbackSummary, LabelMetrics, Performance
from modelserve.monitoring.results.result import MonitoringResult

ReadPage = Callable[[MonitoringResult], Any]
DASH = "\u2013"


def words(text: str) -> str:
    """Return a text as one line."""
    return " ".join(text.split())


def test_what_is_left_out_is_named_with_the_way_to_it(
    ok: MonitoringResult, violated: MonitoringResult, read: ReadPage
) -> None:
    summary = FeedbackSummary(0, 0, 0, 7, 0, 0, 0, ())
    unmatched = Performance(summary, (), (LabelMetrics("a", 0, 0, 0),), ((0, 0),), ())
    for result, told in (
        (ok, "Performance, calibration and fairness: no ground truth was given (--ground-truth)."),
        (
            replace(ok, performance=unmatched),
            "Performance and calibration: no ground truth matches a prediction of this window.",
        ),
        (replace(violated, fairness=None), "[fairness] groups of config/monitoring.toml."),
        (replace(ok, confidence=None), "Expected accuracy: no confidence was captured."),
    ):
        assert told in words(read(result).sections["verdict"])


def test_truths_that_met_no_answer_are_counted(ok: MonitoringResult, read: ReadPage) -> None:
    summary = FeedbackSummary(0, 0, 0, 7, 0, 0, 0, ())
    unmatched = Performance(summary, (), (LabelMetrics("a", 0, 0, 0),), ((0, 0),), ())
    page = read(replace(ok, performance=unmatched))
    assert "Of no row in the window 7" in words(page.sections["performance"])
    assert not {"labels", "calibration", "fairness"} & set(page.sections)


def test_figures_stand_beside_those_of_training(violated: MonitoringResult, read: ReadPage) -> None:
    told = words(read(violated).sections["performance"])
    assert "Rows with a ground truth 60 Known after the window 12 Sent again 3" in told
    assert "accuracy ▲ violation 0.7000 0.5500 to 0.8300 0.9500 0.8550 under 0.001" in told
    assert f"log loss · for information 0.4000 {DASH} {DASH} {DASH} {DASH}" in told


def test_labels_have_their_figures_and_their_confusion(
    violated: MonitoringResult, read: ReadPage, manifest: Manifest
) -> None:
    told = words(read(violated).sections["labels"])
    assert "setosa ✓ ok 70.7 % 96.7 % 90.0 % 82.0 to 99.0 % 81.0 % 1.000 41 30" in told
    assert f"virginica ✓ ok may be chance {DASH} 50.0 % 66.0 % 31.0 to 69.0 %" in told
    assert "setosa virginica unknown label setosa 29 11 1 virginica 0 0 0" in told
    assert '<span class="cell right" style="--part:0.71">29<' in render(violated, manifest)


def test_without_unknown_labels_they_have_no_column(
    violated: MonitoringResult, read: ReadPage
) -> None:
    assert violated.performance
    known = replace(violated.performance, confusion=((29, 11, 0), (0, 0, 0)))
    told = words(read(replace(violated, performance=known)).sections["labels"])
    assert "unknown label" not in told


def test_of_very_many_labels_the_commonest_mistakes_are_reported(
    violated: MonitoringResult, read: ReadPage
) -> None:
    assert violated.performance
    labels = tuple(LabelMetrics(f"l{i}", i, i, 0) for i in range(70))
    confusion = tuple(tuple(9 if i == j else (i == 3) * j for j in range(71)) for i in range(70))
    many = replace(violated.performance, labels=labels, confusion=confusion)
    told = words(read(replace(violated, performance=many)).sections["labels"])
    assert "10 labels with fewer rows left out." in told
    assert "Predicted Actual Rows l3 unknown label 70 l3 l69 69 l3 l68 68" in told
    assert "l3 l51 51" in told
    assert "l3 l50 50" not in told


def test_calibration_is_reported_in_points_and_counts(
    violated: MonitoringResult, regression: MonitoringResult, read: ReadPage
) -> None:
    sure, values = (words(read(each).sections["calibration"]) for each in (violated, regression))
    assert "Mean confidence Accuracy Rows 60.0 % 55.0 % 20 90.0 % 80.0 % 40" in sure
    assert "as often right as they are confident" in sure
    assert "Mean prediction Mean true value Rows 60.00 75.00 20 120.0 118.0 40" in values
    assert "right on average" in values
    assert "0 % 20 % 40 % 60 % 80 % 100 %" in sure
    assert "60 80 100 120" in values


def test_expected_accuracy_says_what_it_is_worth(
    violated: MonitoringResult, read: ReadPage
) -> None:
    told = words(read(violated).sections["expected"])
    assert "mean confidence ▲ violation 70.0 % 94.1 % \u2013 84.7 % under 0.001 95" in told
    assert "drift of the inputs shows here, concept drift does not" in told


def test_gaps_are_reported_with_the_groups_between_which_they_lie(
    violated: MonitoringResult, regression: MonitoringResult, read: ReadPage
) -> None:
    odds, ratio = (words(read(each).sections["fairness"]) for each in (violated, regression))
    assert (
        "Equalised odds ▲ violation 2 rates with too few rows in a group 31.0 % 20.0 % under 0.001 "
        "setosa south north"
    ) in odds
    assert f"unstated 5 accuracy {DASH} no, too few rows" in odds
    assert f"Error ratio … too few rows 1.000 1.500 {DASH} {DASH} {DASH} {DASH}" in ratio
    assert "north 55 mae 47.13 yes" in ratio


def test_the_model_is_reported_with_its_age(ok: MonitoringResult, manifest: Manifest) -> None:
    about = re.findall('<section id="model">(.*?)</section>', render(ok, manifest), re.S)[0]
    told = words(re.sub("<[^>]*>", " ", about))
    assert "Trained 1 Sep 2026, 08:30 UTC Age 82 days Data data/iris.csv" in told
    assert "Commit 0123456789ab" in told
