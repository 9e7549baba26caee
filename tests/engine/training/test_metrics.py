"""The gate reads the task's metrics, and those that `metrics` in model.py adds."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import GateError, TrainingError
from modelserve.training.sections import Gate
from modelserve.training.train import Run

Train = Callable[..., Run]


def test_the_projects_metrics_are_measured_on_the_test_rows(
    model: ModuleType,
    trained: Artifact,
    train_again: Train,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def metrics(dataset: Any, outputs: np.ndarray, labels: tuple[str, ...]) -> dict[str, float]:
        seen.append((len(dataset), outputs.shape, tuple(labels)))
        return {"share_of_first_label": np.float32(0.25)}

    monkeypatch.setattr(model, "metrics", metrics, raising=False)
    manifest = train_again(tmp_path / "model").artifact.manifest

    rows = trained.manifest.data.test_rows
    assert seen == [(rows, (rows, len(trained.manifest.labels)), trained.manifest.labels)]
    assert manifest.metrics == trained.manifest.metrics | {"share_of_first_label": 0.25}


def test_the_gate_may_bound_the_projects_metrics(
    model: ModuleType, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "metrics", lambda *_: {"profit": 3}, raising=False)
    with pytest.raises(GateError, match="profit is 3, should be >= 4"):
        train_again(tmp_path / "model", gate=Gate(minimum={"profit": 4}))


def test_a_metric_with_the_name_of_the_tasks_is_rejected(
    model: ModuleType, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "metrics", lambda *_: {"accuracy": 1, "profit": 3}, raising=False)
    with pytest.raises(TrainingError, match="returns accuracy, which training measures"):
        train_again(tmp_path / "model")


def test_a_metric_of_the_projects_with_a_maximum_is_better_when_lower(
    model: ModuleType, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"cost": 3, "profit": 3, "both": 3}
    monkeypatch.setattr(model, "metrics", lambda *_: own, raising=False)
    bounds = Gate(minimum={"both": 1}, maximum={"cost": 4, "log_loss": 9, "both": 4})
    manifest = train_again(tmp_path / "model", gate=bounds).artifact.manifest
    assert manifest.lower_is_better == ("cost",)
    assert manifest.intervals.keys().isdisjoint(own)


def test_the_gate_may_name_a_metric_that_is_not_always_measured(
    train_again: Train, trained: Artifact, tmp_path: Path
) -> None:
    label = trained.manifest.labels[0]
    bounds = Gate(minimum={f"recall:{label}": 0.1}, maximum={"brier_score": 0.9})
    run = train_again(tmp_path / "model", gate=bounds)
    assert [each.passed for each in run.results] == [True, True]
    assert run.artifact.manifest.metrics.keys() - trained.manifest.metrics.keys() == {
        "brier_score",
        f"recall:{label}",
    }


def test_a_metric_without_a_value_passes_no_gate_and_says_why(
    train_again: Train, tmp_path: Path
) -> None:
    with pytest.raises(GateError, match=r"f1 is nan \(needs \[target\] positive in config"):
        train_again(tmp_path / "model", gate=Gate(minimum={"f1": 0.1}))


def test_the_manifest_leaves_out_what_is_no_number(
    model: ModuleType, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "metrics", lambda *_: {"profit": float("nan")}, raising=False)
    manifest = train_again(tmp_path / "model").artifact.manifest
    assert "profit" not in manifest.metrics
