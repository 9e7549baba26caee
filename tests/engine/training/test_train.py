"""A training run writes a complete artifact, or changes nothing."""

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, artifact, errors
from modelserve.artifact import Artifact
from modelserve.training import train
from modelserve.training.config import Config
from modelserve.training.evaluate import evaluate_artifact
from modelserve.training.exported_model import ExportedModel
from modelserve.training.reporter import Reporter
from modelserve.training.sections import Gate, Limits, OutputSection
from modelserve.training.splits import split
from modelserve.training.tasks import load_task

FAMILIES = ("iris", "diabetes", "sentiment")
Train = Callable[..., train.Run]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def unreachable(trained: Artifact) -> Gate:
    """Return a gate that misses every metric."""
    bounds = {name: value + 1 for name, value in trained.manifest.metrics.items()}
    return Gate(minimum=bounds)


def test_one_seed_gives_the_same_bytes(
    trained: Artifact, train_again: Train, tmp_path: Path
) -> None:
    again = train_again(tmp_path / "model").artifact

    first, second = contents(trained.folder), contents(again.folder)
    del first[artifact.MANIFEST], second[artifact.MANIFEST]
    assert first == second


def test_manifests_of_one_seed_differ_only_in_their_time(
    trained: Artifact, train_again: Train, tmp_path: Path
) -> None:
    again = train_again(tmp_path / "model").artifact

    apart = {"created"}
    assert again.manifest.model_dump(exclude=apart) == trained.manifest.model_dump(exclude=apart)
    assert again.manifest.created >= trained.manifest.created


def test_another_seed_gives_another_split(
    trained: Artifact, train_again: Train, config: Config, tmp_path: Path
) -> None:
    other = train_again(tmp_path / "model", seed=config.seed + 1, gate=Gate()).artifact
    assert other.read_json(artifact.GOLDEN) != trained.read_json(artifact.GOLDEN)
    assert other.manifest.seed == config.seed + 1


@pytest.mark.parametrize("size", [0, 0.25])
def test_every_row_is_in_one_part_of_the_split(
    project: Project, config: Config, size: float
) -> None:
    whole = project.load(config.data)
    section = config.split.model_copy(update={"calibration_size": size})

    parts = split(whole, section, load_task(config.task), config.seed)

    sides = [index for part in parts for index in part.target.index]
    assert sorted(sides) == sorted(whole.target.index)
    assert len(parts.test) == pytest.approx(config.split.test_size * len(whole), abs=1)
    assert len(parts.calibration) == pytest.approx(size * (len(whole) - len(parts.test)), abs=1)
    for part in parts:
        assert list(part.target.index) == sorted(part.target.index)


def test_two_rows_cannot_be_split(project: Project, config: Config) -> None:
    whole = project.load(config.data)
    other = int(np.flatnonzero(whole.target.to_numpy() != whole.target.iloc[0])[0])
    lonely = whole.take(np.array([0, other]))
    with pytest.raises(errors.TrainingError, match="The data cannot be split: "):
        split(lonely, config.split, load_task(config.task), config.seed)


@pytest.mark.parametrize("name", ["Ridge", None])
def test_a_model_of_the_other_task_is_named_with_the_line_to_write(
    config: Config, name: str | None
) -> None:
    exported = ExportedModel({}, (), None, (), {"estimator": name} if name else {})
    asked = config.model_copy(update={"task": "classifier"})
    with pytest.raises(errors.TrainingError) as caught:
        train.check_labels(exported, asked)
    message = str(caught.value)
    assert 'Write task = "regressor" there' in message
    what = f"{name}, a regressor" if name else "a regressor"
    assert message.startswith(f'The model is {what}, and config/training.toml has task = "cla')
    line = "in `train` of model.py make_classifier(options, seed, default=build), where `build`"
    assert (line in message) == bool(name)


def test_a_missed_gate_names_all_its_bounds(
    trained: Artifact, train_again: Train, tmp_path: Path
) -> None:
    bounds = unreachable(trained)
    with pytest.raises(errors.GateError, match="Nothing was written") as caught:
        train_again(tmp_path / "model", gate=bounds)
    for name, bound in bounds.minimum.items():
        assert f"{name} is {trained.manifest.metrics[name]:.4g}" in str(caught.value)
        assert f"should be >= {bound:g}" in str(caught.value)


def test_a_too_large_artifact_is_reported_with_both_sizes(
    trained: Artifact, train_again: Train, tmp_path: Path
) -> None:
    limits = Limits(size_bytes=trained.manifest.size_bytes - 1, prediction_ms=1)
    sizes = rf"{trained.manifest.size_bytes} bytes; .* allows {limits.size_bytes}"
    with pytest.raises(errors.GateError, match=sizes):
        train_again(tmp_path / "model", limits=limits)


def test_a_graph_without_parity_ends_the_run(
    project: Project, config: Config, tmp_path: Path
) -> None:
    def mistrain(*given: Any) -> ExportedModel:
        exported = project.train(*given)
        native = exported.native
        assert native
        return exported._replace(native=lambda dataset: native(dataset) + np.float32(0.5))

    changed = config.model_copy(update={"gate": Gate()})
    with pytest.raises(errors.ParityError, match=r"Nothing was written") as caught:
        train.train(project, changed, tmp_path / "model", trainer=mistrain)
    message = str(caught.value)
    assert ("times the largest output" in message) == (config.task == "regressor")
    assert ("by 0.5;" in message) == (config.task == "classifier")
    assert "of the data (" in message
    assert len(message) < 1_000


def test_a_classifier_of_scores_ends_the_run(
    project: Project, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_graph = train.parity.run_graph
    monkeypatch.setattr(train.parity, "run_graph", lambda *given: run_graph(*given) * 3 - 1)
    output = tmp_path / "model"
    with pytest.raises(errors.RejectedModelError) as caught:
        train.train(project, config, output)
    reasons = {type(each) for each in caught.value.reasons}
    if config.task == "regressor":  # whose outputs may be any numbers
        assert errors.ParityError in reasons
    else:
        assert reasons == {errors.ParityError, errors.OutputError}
        assert re.search(r"no probabilities that sum to 1.* --softmax", str(caught.value))
    assert not output.exists()


def test_every_reason_of_a_rejection_is_reported_in_one_run(
    project: Project, config: Config, trained: Artifact, tmp_path: Path
) -> None:
    def mistrain(*given: Any) -> ExportedModel:
        exported = project.train(*given)
        native = exported.native
        assert native
        return exported._replace(native=lambda dataset: native(dataset) + np.float32(0.5))

    changes: dict[str, Any] = {
        "gate": unreachable(trained),
        "limits": Limits(size_bytes=1, prediction_ms=1),
    }
    if config.task == "regressor":
        changes["output"] = OutputSection(minimum=100, maximum=200)
    shown: list[Any] = []
    with pytest.raises(errors.RejectedModelError) as caught:
        train.train(
            project,
            config.model_copy(update=changes),
            tmp_path / "model",
            trainer=mistrain,
            reporter=Reporter(show_metrics=lambda *given: shown.append(given)),
        )

    types = [type(each).__name__ for each in caught.value.reasons]
    of_bounds = ["OutputError"] if config.task == "regressor" else []
    assert types == ["ParityError", "GateError", *of_bounds, "GateError"]
    assert str(caught.value).count("\n  - ") == len(types)
    assert all(str(each) in str(caught.value) for each in caught.value.reasons)
    (metrics, results, *_), *more = shown
    assert not more
    assert metrics.keys() >= trained.manifest.metrics.keys()
    assert [each.passed for each in results] == [False] * len(results)
    assert not (tmp_path / "model").exists()


def test_a_model_that_meets_all_shows_no_metrics_of_a_rejection(
    project: Project, config: Config, tmp_path: Path
) -> None:
    shown: list[Any] = []
    reporter = Reporter(show_metrics=lambda *given: shown.append(given))
    train.train(project, config, tmp_path / "model", reporter=reporter)
    assert not shown


def test_texts_of_other_data_are_reported(project: Project, config: Config, tmp_path: Path) -> None:
    warnings: list[str] = []
    train.train(project, config, tmp_path / "model", reporter=Reporter(warn=warnings.append))
    assert not [each for each in warnings if "describe" in each]

    card = config.card.model_copy(update={"describes": "colour in birds.csv"})
    changed = config.model_copy(update={"card": card})
    train.train(project, changed, tmp_path / "model", reporter=Reporter(warn=warnings.append))

    (warning,) = (each for each in warnings if "describe" in each)
    now = f"{config.data.target} in {config.data.path.name}"
    assert "describe colour in birds.csv, and the data are" in warning
    assert warning.endswith(f"are {now}: write yours, and delete the line `describes`.")


def test_a_further_file_of_the_same_data_leaves_their_texts_right(config: Config) -> None:
    path = config.data.path
    data = config.data.model_copy(update={"path": (path, path.with_name("collected.csv"))})
    assert not config.model_copy(update={"data": data}).find_foreign_texts()
    card = config.card.model_copy(update={"describes": "colour in birds.csv"})
    changed = config.model_copy(update={"data": data, "card": card})
    assert "birds.csv" in changed.find_foreign_texts()


def test_what_data_and_model_warn_of_is_reported(
    project: Project, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = project.load(config.data)
    field_error = errors.FieldError("width", "is the same in all rows")
    monkeypatch.setattr(type(whole), "warnings", (field_error,), raising=False)
    odd = replace(whole, **({"warnings": (field_error,)} if "warnings" in vars(whole) else {}))
    monkeypatch.setattr(project, "load", lambda _: odd)

    def warning_trainer(*given: Any) -> ExportedModel:
        return project.train(*given)._replace(warnings=("A step was left out.",))

    warnings: list[str] = []
    train.train(
        project,
        config,
        tmp_path / "model",
        reporter=Reporter(warn=warnings.append),
        trainer=warning_trainer,
    )

    assert warnings == ["width: is the same in all rows.", "A step was left out."]


@pytest.mark.parametrize("previous", [True, False], ids=["over an artifact", "into nothing"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(lambda actual: {"gate": unreachable(actual)}, id="gate"),
        pytest.param(lambda _: {"gate": Gate(minimum={"no_such_metric": 1})}, id="unknown metric"),
        pytest.param(lambda _: {"limits": Limits(size_bytes=1, prediction_ms=1)}, id="size"),
    ],
)
def test_a_failed_run_keeps_the_previous_artifact(
    trained: Artifact,
    train_again: Train,
    tmp_path: Path,
    changes: Callable[[Artifact], dict[str, Any]],
    previous: bool,
) -> None:
    output = tmp_path / "model"
    if previous:
        shutil.copytree(trained.folder, output)

    with pytest.raises(errors.ServiceError):
        train_again(output, **changes(trained))

    assert list(tmp_path.iterdir()) == ([output] if previous else [])
    if previous:
        assert contents(output) == contents(trained.folder)


def test_an_imported_graph_is_compared_with_nothing(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    def import_graph(*given: Any) -> ExportedModel:
        return project.train(*given)._replace(native=None)

    again = train.train(project, config, tmp_path / "model", trainer=import_graph).artifact

    assert again.manifest.parity is None
    assert again.manifest.metrics == trained.manifest.metrics


def test_data_without_a_file_are_identified_by_their_rows(
    project: Project,
    config: Config,
    train_again: Train,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = project.load(config.data)
    monkeypatch.setattr(project, "load", lambda _: whole)
    section = config.data.model_copy(update={"path": tmp_path / "nowhere"})
    first, second = (train_again(tmp_path / name, data=section).artifact for name in "ab")
    part = whole.take(np.arange(len(whole) - 1))
    monkeypatch.setattr(project, "load", lambda _: part)
    third = train_again(tmp_path / "c", data=section, gate=Gate()).artifact
    hashes = [each.manifest.data.sha256 for each in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


def test_a_folder_without_an_artifact_is_not_overwritten(
    train_again: Train, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(errors.ArtifactError, match="choose another folder"):
        train_again(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_each_step_is_shown_once_and_in_its_order(
    project: Project, config: Config, tmp_path: Path
) -> None:
    shown: list[str] = []

    @contextmanager
    def show(name: str) -> Iterator[None]:
        shown.append(f"{name}…")
        yield
        shown.append(f"{name}: done")

    train.train(project, config, tmp_path / "model", reporter=Reporter(step=show))

    names = [line.removesuffix("…") for line in shown[::2]]
    assert shown[1::2] == [f"{name}: done" for name in names]
    assert names[0] == "Read the data"
    assert names[-1] == "Write the artifact"
    assert len(set(names)) == len(names)


def test_other_data_without_the_models_columns_name_each_of_them(
    project: Project, trained: Artifact, config: Config, tmp_path: Path
) -> None:
    with config.data.path.open(encoding="utf-8", newline="") as stream:
        head, *lines = csv.reader(stream)
    table = tmp_path / "other.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        names = [name if name == config.data.target else f"other_{name}" for name in head]
        csv.writer(stream).writerows([names, *lines])

    with pytest.raises(errors.InvalidInputError) as caught:
        evaluate_artifact(project, trained, table, config)

    missing = [feature.name for feature in trained.manifest.features]
    assert [each.pointer for each in caught.value.errors] == missing
    assert all(each.detail.startswith("no such column") for each in caught.value.errors)
