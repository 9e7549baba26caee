"""An artifact's metrics are measured again on any table with its columns."""

import math
from pathlib import Path

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.training.config import Config
from modelserve.training.splits import split
from modelserve.training.tasks import load_task
from modelserve.training.train import evaluate_artifact

FAMILIES = ("iris", "diabetes", "sentiment", "iris_xgboost", "diabetes_xgboost")


def test_the_test_rows_give_the_manifests_metrics_and_pass_the_gate(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    splits = split(project.load(config.data), config.split, load_task(config.task), config.seed)
    table = tmp_path / "test_rows.csv"
    target = {config.data.target: splits.test.target}
    splits.test.rows.assign(**target).to_csv(table, index=False)

    results, measured = evaluate_artifact(project, trained, table, config)

    assert measured.metrics == pytest.approx(trained.manifest.metrics, rel=1e-6)
    assert [each for each in results if not each.passed] == []
    assert len(results) == len(config.gate.minimum) + len(config.gate.maximum) > 0


def test_all_rows_give_finite_metrics_and_pass_the_gate(
    project: Project, trained: Artifact, config: Config
) -> None:
    results, measured = evaluate_artifact(project, trained, config.data.path, config)
    metrics = measured.metrics
    assert metrics.keys() == trained.manifest.metrics.keys()
    assert all(map(math.isfinite, metrics.values()))
    assert [each for each in results if not each.passed] == []


def test_the_graph_is_as_near_to_its_model_as_configured(trained: Artifact, config: Config) -> None:
    assert trained.manifest.parity is not None
    assert 0 <= trained.manifest.parity <= config.parity.tolerance
