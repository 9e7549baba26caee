"""An artifact's metrics are measured again on any table with its columns."""

import json
import math
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.errors import ConfigurationError
from modelserve.training.config import Config
from modelserve.training.evaluate import evaluate_artifact
from modelserve.training.evidence.evaluation import EVALUATION
from modelserve.training.splits import split
from modelserve.training.tasks import load_task

FAMILIES = ("iris", "diabetes", "sentiment", "iris_xgboost", "diabetes_xgboost")


def write_test_rows(project: Project, config: Config, folder: Path) -> Path:
    """Write the rows that the artifact was tested on; return their file."""
    splits = split(project.load(config.data), config.split, load_task(config.task), config.seed)
    table = folder / "test_rows.csv"
    target = {config.data.target: splits.test.target}
    splits.test.rows.assign(**target).to_csv(table, index=False)
    return table


def test_the_test_rows_give_the_manifests_metrics_and_pass_the_gate(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    table = write_test_rows(project, config, tmp_path)

    said: list[str] = []
    results, measured = evaluate_artifact(project, trained, table, config, warn=said.append)

    assert measured.metrics == pytest.approx(trained.manifest.metrics, rel=1e-6)
    assert said == []  # they are no file that it was trained on
    assert [each for each in results if not each.passed] == []
    assert len(results) == len(config.gate.minimum) + len(config.gate.maximum) > 0


def test_it_is_said_that_another_model_than_the_measured_one_answers(
    project: Project,
    trained: Artifact,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    table = write_test_rows(project, config, tmp_path)
    evaluate_artifact(project, trained, table, config, warn=said.append)
    assert said == []

    class Own(project.service_class):  # type: ignore[misc,name-defined]
        def load_model(self, artifact: Artifact, *, threads: int) -> Any:
            raise NotImplementedError

    monkeypatch.setattr(Project, "service_class", property(lambda _: Own))
    evaluate_artifact(project, trained, table, config, warn=said.append)
    (sentence,) = said
    assert "are of the ONNX graph in the artifact" in sentence


def test_all_rows_give_finite_metrics_and_pass_the_gate(
    project: Project, trained: Artifact, config: Config
) -> None:
    said: list[str] = []
    results, measured = evaluate_artifact(
        project, trained, config.data.path, config, warn=said.append
    )
    (warning,) = said
    assert warning.startswith(f"The model was trained on rows of {config.data.path.name}: ")
    metrics = measured.metrics
    assert metrics.keys() == trained.manifest.metrics.keys()
    assert all(map(math.isfinite, metrics.values()))
    assert [each for each in results if not each.passed] == []


def test_the_graph_is_as_near_to_its_model_as_configured(trained: Artifact, config: Config) -> None:
    assert trained.manifest.parity is not None
    assert 0 <= trained.manifest.parity <= config.parity.tolerance


def without_tree(content: dict[str, Any]) -> dict[str, Any]:
    """Return an evaluation without the baseline that is fitted to the training rows."""
    baselines = [each for each in content["baseline"]["baselines"] if each["name"] != "tree"]
    return content | {"baseline": content["baseline"] | {"baselines": baselines}}


def test_the_test_rows_give_the_evaluation_that_training_wrote(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    table, output = write_test_rows(project, config, tmp_path), tmp_path / "new" / "evaluation.json"
    evaluate_artifact(project, trained, table, config, output=output)
    expected = without_tree(trained.read_json(EVALUATION))
    assert expected["difference"] is None
    assert json.loads(output.read_bytes()) == expected
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_other_rows_give_another_evaluation_with_their_own_metrics(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    output = tmp_path / "evaluation.json"
    output.write_text("old", encoding="utf-8")
    _, measured = evaluate_artifact(project, trained, config.data.path, config, output=output)
    content = json.loads(output.read_bytes())
    assert content["test_rows"] > trained.manifest.data.test_rows
    assert {name: each["value"] for name, each in content["metrics"].items()} == pytest.approx(
        measured.metrics, rel=1e-5
    )
    assert content["slices"]["rows"] == content["test_rows"]


def test_groups_are_compared_in_the_file(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    name = trained.manifest.features[0].name
    section = config.evaluation.model_copy(update={"groups": (name,), "robustness": False})
    changed = config.model_copy(update={"evaluation": section})
    output = tmp_path / "evaluation.json"
    evaluate_artifact(project, trained, config.data.path, changed, output=output)
    content = json.loads(output.read_bytes())
    assert {each["column"] for each in content["fairness"]} == {name}
    assert content["robustness"] is None


def test_a_file_of_an_artifact_is_not_written(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(trained.folder, tmp_path / "model"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in (EVALUATION, "other.json"):
        with pytest.raises(ConfigurationError, match="whose files do not change"):
            evaluate_artifact(project, trained, config.data.path, config, output=folder / name)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_neither_the_data_nor_a_folder_is_overwritten(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    table = write_test_rows(project, config, tmp_path)
    before = table.read_bytes()
    with pytest.raises(ConfigurationError, match="holds the data"):
        evaluate_artifact(project, trained, table, config, output=table)
    assert table.read_bytes() == before
    with pytest.raises(ConfigurationError, match="cannot be written"):
        evaluate_artifact(project, trained, table, config, output=tmp_path)


def test_a_metric_that_is_no_number_is_warned_of(
    project: Project,
    trained: Artifact,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = import_module(f"{project.package}.model")
    monkeypatch.setattr(model, "metrics", lambda *_: {"profit": math.nan}, raising=False)
    table = write_test_rows(project, config, tmp_path)
    warnings: list[str] = []
    evaluate_artifact(project, trained, table, config, warn=warnings.append)
    assert warnings == ["profit, which `metrics` in model.py returns, is nan: it is not recorded."]
