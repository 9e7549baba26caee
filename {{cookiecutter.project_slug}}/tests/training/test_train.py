"""A training run ends with a complete artifact, or leaves everything as it was."""

import csv
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from package import artifact, errors
from package.artifact import Artifact
from package.cli import NAME
from package.training import data, model, train
from package.training.config import Config
from package.training.made import Made
from package.training.parts import split
from package.training.sections import Gate, Limits

Train = Callable[..., train.Run]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def impossible(found: Artifact) -> Gate:
    """Return a gate that misses every metric."""
    bounds = {name: value + 1 for name, value in found.manifest.metrics.items()}
    return Gate(minimum=bounds)


def test_one_seed_gives_the_same_bytes(found: Artifact, train_again: Train, tmp_path: Path) -> None:
    again = train_again(tmp_path / "model").artifact

    first, second = contents(found.folder), contents(again.folder)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == [artifact.MANIFEST]


def test_manifests_of_one_seed_differ_only_in_their_time(
    found: Artifact, config: Config, tmp_path: Path
) -> None:
    # The lock and the commit are the project's, so this run has the first one's project.
    project = config.data.path.parent.parent
    again = train.train(config, tmp_path / "model", project=project, name=NAME).artifact

    apart = {"created"}
    assert again.manifest.model_dump(exclude=apart) == found.manifest.model_dump(exclude=apart)
    assert again.manifest.created >= found.manifest.created


def test_another_seed_gives_another_split(
    found: Artifact, train_again: Train, config: Config, tmp_path: Path
) -> None:
    other = train_again(tmp_path / "model", seed=config.seed + 1, gate=Gate()).artifact
    assert other.read_json(artifact.GOLDEN) != found.read_json(artifact.GOLDEN)
    assert other.manifest.seed == config.seed + 1


@pytest.mark.parametrize("share", [0, 0.25])
def test_a_split_puts_every_row_on_one_side(config: Config, share: float) -> None:
    whole = data.load(config.data)
    section = config.data.model_copy(update={"calibration_share": share})

    parts = split(whole, section, config.seed)

    sides = [index for part in parts for index in part.target.index]
    assert sorted(sides) == sorted(whole.target.index)
    assert len(parts.test) == pytest.approx(config.data.test_share * len(whole), abs=1)
    assert len(parts.calibration) == pytest.approx(share * (len(whole) - len(parts.test)), abs=1)
    for part in parts:
        assert list(part.target.index) == sorted(part.target.index)


def test_two_rows_cannot_be_split(config: Config) -> None:
    whole = data.load(config.data)
    other = int(np.flatnonzero(whole.target.to_numpy() != whole.target.iloc[0])[0])
    lonely = whole.take(np.array([0, other]))
    with pytest.raises(errors.TrainingError, match="The data cannot be split: "):
        split(lonely, config.data, config.seed)


def test_a_missed_gate_names_all_its_bounds(
    found: Artifact, train_again: Train, tmp_path: Path
) -> None:
    bounds = impossible(found)
    with pytest.raises(errors.GateError, match="Nothing was written") as caught:
        train_again(tmp_path / "model", gate=bounds)
    for name, bound in bounds.minimum.items():
        assert f"{name} is {found.manifest.metrics[name]:.4g}" in str(caught.value)
        assert f"should be >= {bound:g}" in str(caught.value)


def test_an_artifact_over_its_size_is_told_with_both_sizes(
    found: Artifact, train_again: Train, tmp_path: Path
) -> None:
    limits = Limits(size_bytes=found.manifest.size_bytes - 1, prediction_ms=1)
    sizes = rf"{found.manifest.size_bytes} bytes; {limits.size_bytes} are the limit"
    with pytest.raises(errors.GateError, match=sizes):
        train_again(tmp_path / "model", limits=limits)


def test_a_graph_that_answers_otherwise_ends_the_run(
    train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = model.make

    def mistake(*given: Any) -> Made:
        made = make(*given)
        native = made.native
        assert native
        return made._replace(native=lambda dataset: native(dataset) + np.float32(0.5))

    monkeypatch.setattr(model, "make", mistake)
    with pytest.raises(errors.ParityError, match=r"by 0\.5"):
        train_again(tmp_path / "model")


@pytest.mark.parametrize("stood", [True, False], ids=["over an artifact", "into nothing"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(lambda found: {"gate": impossible(found)}, id="gate"),
        pytest.param(lambda _: {"gate": Gate(minimum={"no_such_metric": 1})}, id="unknown metric"),
        pytest.param(lambda _: {"limits": Limits(size_bytes=1, prediction_ms=1)}, id="size"),
    ],
)
def test_a_run_that_fails_leaves_what_stood_there(
    found: Artifact,
    train_again: Train,
    tmp_path: Path,
    changes: Callable[[Artifact], dict[str, Any]],
    stood: bool,
) -> None:
    output = tmp_path / "model"
    if stood:
        shutil.copytree(found.folder, output)

    with pytest.raises(errors.ServiceError):
        train_again(output, **changes(found))

    assert list(tmp_path.iterdir()) == ([output] if stood else [])
    if stood:
        assert contents(output) == contents(found.folder)


def test_a_graph_without_a_model_is_compared_with_nothing(
    found: Artifact, config: Config, tmp_path: Path
) -> None:
    def make(*given: Any) -> Made:
        return model.make(*given)._replace(native=None)

    again = train.train(config, tmp_path / "model", project=tmp_path, name=NAME, make=make).artifact

    assert again.manifest.parity is None
    assert again.manifest.metrics == found.manifest.metrics


def test_data_that_are_no_file_are_known_by_their_rows(
    config: Config, train_again: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = data.load(config.data)
    monkeypatch.setattr(data, "load", lambda _: whole)
    section = config.data.model_copy(update={"path": tmp_path / "nowhere"})
    first, second = (train_again(tmp_path / name, data=section).artifact for name in "ab")
    part = whole.take(np.arange(len(whole) - 1))
    monkeypatch.setattr(data, "load", lambda _: part)
    third = train_again(tmp_path / "c", data=section, gate=Gate()).artifact
    hashes = [each.manifest.data.sha256 for each in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


def test_a_folder_that_is_no_artifact_is_kept(train_again: Train, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(errors.ArtifactError, match="choose another folder"):
        train_again(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_each_step_is_shown_once_and_in_its_order(config: Config, tmp_path: Path) -> None:
    shown: list[str] = []

    @contextmanager
    def show(name: str) -> Iterator[None]:
        shown.append(f"{name}…")
        yield
        shown.append(f"{name}: done")

    train.train(config, tmp_path / "model", project=tmp_path, name=NAME, step=show)

    names = [line.removesuffix("…") for line in shown[::2]]
    assert shown[1::2] == [f"{name}: done" for name in names]
    assert names[0] == "Read the data"
    assert names[-1] == "Write the artifact"
    assert len(set(names)) == len(names)


def test_other_data_without_the_models_columns_name_each_of_them(
    found: Artifact, config: Config, tmp_path: Path
) -> None:
    with config.data.path.open(encoding="utf-8", newline="") as stream:
        head, *lines = csv.reader(stream)
    table = tmp_path / "other.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        names = [name if name == config.data.target else f"other_{name}" for name in head]
        csv.writer(stream).writerows([names, *lines])

    with pytest.raises(errors.InvalidInputError) as caught:
        train.evaluate_artifact(found, table, config)

    missing = [feature.name for feature in found.manifest.features]
    assert [each.where for each in caught.value.complaints] == missing
    assert all(each.problem.startswith("no such column") for each in caught.value.complaints)
