"""The gate reads the task's metrics, and those that `metrics` in model.py adds."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.errors import GateError, TrainingError
from modelserve.training.config import Config
from modelserve.training.reporter import Reporter
from modelserve.training.sections import Gate
from modelserve.training.train import Run, train

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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_manifest_leaves_out_what_is_no_number_with_a_warning(
    model: ModuleType,
    project: Project,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    value: float,
) -> None:
    own = {"profit": value, "sales": 3.0}
    monkeypatch.setattr(model, "metrics", lambda *_: own, raising=False)
    warnings: list[str] = []
    run = train(project, config, tmp_path / "model", reporter=Reporter(warn=warnings.append))
    assert run.artifact.manifest.metrics.keys() & own.keys() == {"sales"}
    assert warnings == [
        f"profit, which `metrics` in model.py returns, is {value}: it is not recorded."
    ]


def test_a_failing_function_is_named_with_its_line(
    model: ModuleType, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "def metrics(table, outputs, labels):\n    return {'profit': table.nothing}\n"
    path = tmp_path / "own.py"
    path.write_text(source, encoding="utf-8")
    names = {"__name__": model.__name__}
    exec(compile(source, path, "exec"), names)  # pylint: disable=exec-used
    monkeypatch.setattr(model, "metrics", names["metrics"], raising=False)
    message = (
        r"^`metrics` in model\.py failed in line 2 of model\.py, "
        r"`return {'profit': table\.nothing}`: "
        r"AttributeError: '.+' object has no attribute 'nothing'\. "
    )
    with pytest.raises(TrainingError, match=message):
        train_again(tmp_path / "model")


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        pytest.param({"profit": "much"}, "returns 'much' for profit, not a number", id="text"),
        pytest.param({"profit": 10**400}, "returns 10+ for profit, not a number", id="huge"),
        pytest.param({"profit": None}, "returns None for profit, not a number", id="nothing"),
        pytest.param(3.0, "returns float, not numbers by name", id="no mapping"),
    ],
)
def test_what_is_no_metric_is_named(
    model: ModuleType,
    train_again: Train,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    returned: Any,
    complaint: str,
) -> None:
    monkeypatch.setattr(model, "metrics", lambda *_: returned, raising=False)
    with pytest.raises(TrainingError, match=f"`metrics` in model.py {complaint}"):
        train_again(tmp_path / "model")


def test_an_error_of_the_librarys_own_is_passed_on(
    model: ModuleType, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def metrics(*_: Any) -> dict[str, float]:
        raise GateError("It is too early.")

    monkeypatch.setattr(model, "metrics", metrics, raising=False)
    with pytest.raises(GateError, match="It is too early"):
        train_again(tmp_path / "model")
