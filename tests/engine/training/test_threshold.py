"""The threshold of the positive label is the best one of the calibration rows, and is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, artifact
from modelserve.answers import make_decision, observe
from modelserve.errors import ConfigurationError, TrainingError
from modelserve.training.config import Config
from modelserve.training.gate import compare
from modelserve.training.sections import Gate, SplitSection, TargetSection
from modelserve.training.threshold import METRICS, best_threshold, decide
from modelserve.training.train import train
from pydantic import ValidationError
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef

BY_SCIKIT_LEARN = {
    "f1": f1_score,
    "balanced_accuracy": balanced_accuracy_score,
    "mcc": matthews_corrcoef,
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_is_better_than_the_chosen_one(metric: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(80) < 0.2
    shares = np.clip(0.3 * truth + random.normal(0.3, 0.2, 80), 0, 1).round(2).astype(np.float32)

    threshold = best_threshold(truth, shares, metric)

    score = BY_SCIKIT_LEARN[metric]
    tried = [score(truth, shares >= each) for each in np.unique(shares)]
    assert score(truth, shares >= threshold) == pytest.approx(max(tried))
    assert 0 < threshold <= 1


def test_of_equally_good_thresholds_the_nearest_to_a_half_is_chosen() -> None:
    # From 0.75 or from 0.325 on, one of four rows is wrong.
    shares = np.array([0.9, 0.6, 0.55, 0.1], dtype=np.float32)
    truth = np.array([True, False, True, False])
    assert best_threshold(truth, shares, "balanced_accuracy") == pytest.approx(0.325)


@pytest.mark.parametrize("truth", [True, False])
def test_calibration_rows_of_one_label_cannot_choose(truth: bool) -> None:
    with pytest.raises(TrainingError, match="needs calibration rows of both labels"):
        best_threshold(np.array([truth] * 3), np.ones(3, dtype=np.float32), "mcc")


def test_a_positive_label_without_a_threshold_is_given_from_a_half_on() -> None:
    threshold, decision = decide(TargetSection(positive="b"), ("a", "b"), [], np.empty((0, 2)))
    assert threshold == 0.5
    assert decision == (1, 0.5)


@pytest.mark.parametrize("labels", [("a", "c"), ("a", "b", "c")])
def test_a_positive_label_is_one_of_two(labels: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"positive = 'b' .* must be one of two labels"):
        decide(TargetSection(positive="b"), labels, [], np.empty((0, len(labels))))


@pytest.mark.parametrize(("given", "label"), [(1, "1"), (True, "True"), (1.0, "1"), ("x", "x")])
def test_a_positive_label_may_be_a_number(given: Any, label: str) -> None:
    assert TargetSection(positive=given).positive == label


@pytest.mark.parametrize(
    "section", [{"threshold": 0.3}, {"positive": "a", "threshold": 1.0}, {"threshold": "recall"}]
)
def test_a_threshold_is_a_share_or_a_metric_and_of_a_label(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="threshold"):
        TargetSection(**section)


def test_the_threshold_decides_as_a_float32_does() -> None:
    # 0.7 is less as a float32: a row with exactly this probability is positive.
    outputs = np.array([[0.3, 0.7], [0.31, 0.69]], dtype=np.float32)
    observed = observe(outputs, ("no", "yes"), make_decision(("no", "yes"), "yes", 0.7))
    assert observed["label"].tolist() == ["yes", "no"]
    assert observed["confidence"].tolist() == [outputs[0, 1], outputs[1, 0]]


@pytest.fixture
def two_species(project: Project, config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Return a configuration for two labels of iris, which overlap."""
    whole = project.load(config.data)
    kept = whole.take(np.flatnonzero(whole.target != "setosa"))
    monkeypatch.setattr(project, "load", lambda _: kept)
    changes = {"gate": Gate(), "split": SplitSection(test_size=0.4, calibration_size=0.4)}
    return config.model_copy(update=changes)


def test_a_threshold_changes_labels_metrics_and_the_reference_but_no_probability(
    project: Project, two_species: Config, tmp_path: Path
) -> None:
    runs = {}
    for threshold in (0.5, 0.9):
        target = TargetSection(positive="virginica", threshold=threshold)
        config = two_species.model_copy(update={"target": target})
        runs[threshold] = train(project, config, tmp_path / f"{threshold}").artifact

    plain, strict = runs[0.5], runs[0.9]
    assert (strict.manifest.positive, strict.manifest.threshold) == ("virginica", 0.9)
    assert strict.read_json(artifact.GOLDEN) == plain.read_json(artifact.GOLDEN)
    assert strict.model.read_bytes() == plain.model.read_bytes()
    shapes = [each.read_json(artifact.REFERENCE)["outputs"]["label"] for each in (plain, strict)]
    assert shapes[1]["counts"][1] < shapes[0]["counts"][1]
    assert shapes[1]["recalled"][1] < shapes[0]["recalled"][1]
    assert strict.manifest.metrics["accuracy"] < plain.manifest.metrics["accuracy"]
    assert strict.manifest.metrics["mean_confidence"] < plain.manifest.metrics["mean_confidence"]
    assert compare(strict.manifest.metrics, Gate()) == []


def test_a_threshold_is_chosen_on_the_calibration_rows(
    project: Project, two_species: Config, tmp_path: Path
) -> None:
    target = TargetSection(positive="virginica", threshold="balanced_accuracy")
    run = train(project, two_species.model_copy(update={"target": target}), tmp_path / "model")
    threshold = run.artifact.manifest.threshold
    assert threshold is not None
    assert 0 < threshold < 1
