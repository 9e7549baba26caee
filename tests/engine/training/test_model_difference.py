"""A new model is compared with the last one in its folder: fields, distributions, labels."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Project, Table, artifact
from modelserve.artifact import Artifact
from modelserve.errors import GateError
from modelserve.training import train
from modelserve.training.config import Config
from modelserve.training.evidence import changes
from modelserve.training.evidence.changes import compare_models, load_previous
from modelserve.training.evidence.files import target_of
from modelserve.training.reporter import Reporter
from modelserve.training.sections import Gate, Reference, SplitSection


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return rows with a number, a category, and a column that will go."""
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": generator.normal(size=200),
            "plan": generator.choice(["free", "paid"], 200),
            "old": generator.normal(size=200),
            "y": ["a", "b"] * 100,
        }
    )


class Trainings:
    """Trains on data frames, into one folder."""

    def __init__(self, project: Project, config: Config, folder: Path) -> None:
        self.project, self.config, self.folder = project, config, folder
        self.said: list[str] = []

    def __call__(self, frame: pd.DataFrame, target: str = "y", **changes: Any) -> Artifact:
        """Return the artifact of some rows."""
        path = self.folder.with_suffix(".csv")
        frame.to_csv(path, index=False)
        data = self.config.data.model_copy(update={"path": path, "target": target})
        config = self.config.model_copy(update={"data": data, "gate": Gate(), **changes})
        self.said.clear()
        reporter = Reporter(show_difference=self.said.extend)
        return train.train(self.project, config, self.folder, reporter=reporter).artifact


@pytest.fixture
def trainings(
    project: Project, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Trainings:
    """Return a way to train on other data."""
    monkeypatch.setattr(project, "load", Table.read)
    return Trainings(project, config, tmp_path / "model")


def test_the_first_model_differs_from_nothing(trainings: Trainings, frame: pd.DataFrame) -> None:
    made = trainings(frame)
    assert trainings.said == []
    assert made.read_json("evaluation.json")["difference"] is None
    assert "Difference to the last model" not in card_of(made)


def card_of(made: Artifact) -> str:
    """Return the model card."""
    return (made.folder / artifact.CARD).read_text(encoding="utf-8")


def test_what_changed_is_said_and_written(trainings: Trainings, frame: pd.DataFrame) -> None:
    first = trainings(frame)
    changed = frame.drop(columns="old").assign(
        size=(frame["size"] + 3).where(frame.index % 5 > 0),
        plan=frame["plan"].replace("paid", "<b>|gold"),
        region=["n", "s"] * 100,
        y=["a", "a", "a", "c"] * 50,
    )

    made = trainings(changed)

    rows, added, removed, *others = trainings.said
    assert rows == "other data: 160 training rows, 160 before"
    assert (added, removed) == ("fields added: region", "fields removed: old")
    plan, size, *labels = others
    assert plan.startswith("plan: categories added: <b>|gold; categories removed: paid; PSI ")
    assert size.startswith("size: range ")
    assert "% missing, 0.0% before; PSI " in size
    assert labels == [
        "share of the label a: 75.0%, 50.0% before",
        "share of the label b: none, 50.0% before",
        "share of the label c: 25.0%, none before",
    ]
    difference = made.read_json("evaluation.json")["difference"]
    assert difference["previous"] == first.manifest.version
    assert difference["summary"] == trainings.said
    by_name = {each["field"]: each for each in difference["fields"]}
    assert by_name.keys() == {"size", "plan"}
    assert by_name["size"]["missing"][1] == pytest.approx(0.2, abs=0.05)
    assert by_name["size"]["psi"] > 1
    assert difference["metrics"]["accuracy"][0] == pytest.approx(
        first.manifest.metrics["accuracy"], abs=1e-5
    )
    section = card_of(made).partition("## Difference to the last model\n")[2]
    assert "- plan: categories added: &lt;b&gt;\\|gold; categories removed: paid; " in section
    assert f"Since {first.manifest.version}:" in section


@pytest.mark.parametrize(
    ("target", "names", "summary"),
    [
        pytest.param("y", {}, None, id="same"),
        pytest.param("y", {"a": "c"}, None, id="a-common-label"),
        pytest.param("y", {"a": "c", "b": "d"}, "other labels: c, d, a, b before", id="labels"),
        pytest.param("plan", {}, "another target: plan, y before", id="target"),
        pytest.param("z", {}, "another target: z, y before", id="target-of-the-same-labels"),
    ],
)
def test_what_predicts_something_else_is_not_compared(
    trainings: Trainings,
    frame: pd.DataFrame,
    target: str,
    names: dict[str, str],
    summary: str | None,
) -> None:
    trainings(frame)
    changed = frame.assign(size=frame["size"] + 9, y=frame["y"].replace(names))
    if target == "z":
        changed = changed.rename(columns={"y": "z"})

    made = trainings(changed, target)

    difference = made.read_json("evaluation.json")["difference"]
    assert bool(difference["metrics"]) == bool(difference["labels"]) == (summary is None)
    section = card_of(made).partition("## Difference to the last model\n")[2].partition("\n## ")[0]
    assert ("| Metric | Now | Before |" in section) == (summary is None)
    if summary:
        assert trainings.said == [f"{summary}, so not compared"]
        assert section.count("\n- ") == 1


def test_another_task_is_not_compared(trained: Artifact) -> None:
    manifest = trained.manifest.model_copy(
        update={"version": "0", "task": "regressor", "labels": ()}
    )
    found = compare_models(trained, manifest, {})
    assert found is not None
    assert found.summary == ("another task: regressor, classifier before, so not compared",)
    assert not found.metrics


def test_another_split_of_the_same_data_is_said(trainings: Trainings, frame: pd.DataFrame) -> None:
    trainings(frame)
    trainings(frame, split=SplitSection(test_size=0.5))
    assert trainings.said[0] == (
        "the same data, but another split or other rows left out: 100 training rows, 160 before"
    )


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"target": 1}'])
def test_an_earlier_artifact_names_no_target(
    trained: Artifact, tmp_path: Path, content: bytes
) -> None:
    assert target_of(trained)
    (tmp_path / "evaluation.json").write_bytes(content)
    assert target_of(Artifact(tmp_path, trained.manifest)) is None


def test_the_same_training_changes_no_byte(trainings: Trainings, frame: pd.DataFrame) -> None:
    first = trainings(frame)
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    again = trainings(frame)
    after = {path.name: path.read_bytes() for path in again.folder.iterdir()}
    del before[artifact.MANIFEST], after[artifact.MANIFEST]
    assert before == after
    assert trainings.said == []


def test_the_difference_is_said_of_a_rejected_model_as_well(
    trainings: Trainings, frame: pd.DataFrame
) -> None:
    trainings(frame)
    with pytest.raises(GateError):
        trainings(frame.assign(size=frame["size"] + 9), gate=Gate(minimum={"accuracy": 2}))
    assert any(text.startswith("size: range ") for text in trainings.said)


def test_the_sentences_are_bounded(trainings: Trainings, frame: pd.DataFrame) -> None:
    wide = pd.DataFrame(
        np.random.default_rng(0).normal(size=(200, 70)), columns=[f"c{i}" for i in range(70)]
    ).assign(y=frame["y"])
    trainings(wide)
    trainings((wide.drop(columns="y") + 5).assign(y=wide["y"]))
    assert len(trainings.said) == changes.MOST + 1
    assert trainings.said[-1].endswith("more differences are in evaluation.json")


def test_a_field_that_became_another_type_has_no_index(
    trainings: Trainings, frame: pd.DataFrame
) -> None:
    trainings(frame)
    made = trainings(frame.assign(plan=np.arange(200) / 3))
    fields = made.read_json("evaluation.json")["difference"]["fields"]
    plan = next(each for each in fields if each["field"] == "plan")
    assert plan["dtype"] == ["category", "number"]
    assert plan["psi"] is None
    assert "plan: number, category before" in trainings.said


def test_a_broken_artifact_is_no_last_model(trained: Artifact, tmp_path: Path) -> None:
    assert load_previous(tmp_path / "nothing") is None
    folder = shutil.copytree(trained.folder, tmp_path / "model")
    found = load_previous(folder)
    assert found is not None
    assert found.manifest == trained.manifest
    (folder / artifact.MODEL).write_bytes(b"")
    assert load_previous(folder) is None


def test_an_artifact_without_a_readable_reference_is_compared_by_its_manifest(
    trained: Artifact, tmp_path: Path
) -> None:
    folder = shutil.copytree(trained.folder, tmp_path / "model")
    (folder / artifact.REFERENCE).write_text(json.dumps({"outputs": {}}), encoding="utf-8")
    other = Artifact(folder, trained.manifest)
    data = trained.manifest.data.model_copy(update={"sha256": "0"})
    manifest = trained.manifest.model_copy(update={"data": data})
    found = compare_models(other, manifest, {"nothing": np.array([1.0], np.float32)})
    assert found is not None
    assert not found.psi
    assert compare_models(other, trained.manifest, {}) is None


@pytest.mark.parametrize("changed", ["data", "version", "features"])
def test_models_with_other_data_another_version_or_other_features_differ(
    trained: Artifact, changed: str
) -> None:
    manifest = trained.manifest
    first, *others = manifest.features
    values = {
        "data": manifest.data.model_copy(update={"sha256": "0"}),
        "version": "0",
        "features": (first.model_copy(update={"nullable": not first.nullable}), *others),
    }
    found = compare_models(
        trained, manifest.model_copy(update={changed: values[changed]}), observed={}
    )
    assert found is not None
    assert found.same_data == (changed != "data")


@pytest.mark.parametrize(("psi", "shown"), [(0.0999, []), (0.1, ["PSI 0.1"])])
def test_a_shift_is_reported_from_a_psi_of_a_tenth_on(
    trained: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, psi: float, shown: list[str]
) -> None:
    """Of a field, and of a value that is observed without being one, as a text's length is."""
    monkeypatch.setattr(changes, "population_stability_index", lambda *_: psi)
    folder = shutil.copytree(trained.folder, tmp_path / "model")
    shapes = trained.read_json(artifact.REFERENCE)["inputs"]
    field = trained.manifest.features[0].name
    reference = {"inputs": dict.fromkeys((field, "length"), shapes[field])}
    (folder / artifact.REFERENCE).write_text(json.dumps(reference), encoding="utf-8")
    found = compare_models(
        Artifact(folder, trained.manifest),
        trained.manifest.model_copy(update={"version": "0"}),
        dict.fromkeys((field, "length"), np.zeros(9, np.float32)),
    )
    assert found is not None
    assert found.psi == {field: psi, "length": psi}
    assert found.summary[1:] == tuple(
        f"{name}: {text}" for name in (field, "length") for text in shown
    )


def test_the_field_that_shifted_most_is_reported_first(
    trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    shifts = iter([0.2, 0.5])
    monkeypatch.setattr(changes, "population_stability_index", lambda *_: next(shifts))
    little, much = [each.name for each in trained.manifest.features[:2]]
    found = compare_models(
        trained,
        trained.manifest.model_copy(update={"version": "0"}),
        dict.fromkeys((little, much), np.zeros(9, np.float32)),
    )
    assert found is not None
    assert found.summary[1:] == (f"{much}: PSI 0.5", f"{little}: PSI 0.2")


@pytest.mark.parametrize(("share", "reported"), [(0.509, False), (0.511, True)])
def test_a_share_is_reported_that_changed_by_a_hundredth(
    trainings: Trainings, frame: pd.DataFrame, share: float, reported: bool
) -> None:
    """Of a label, and of the missing values of a field."""
    first = trainings(frame)
    assert first.manifest.fallback == (0.5, 0.5)
    reference = first.read_json(artifact.REFERENCE)["inputs"]["size"]
    assert reference["missing"] == 0
    values = np.zeros(1_000, np.float32)
    values[: round(1_000 * (share - 0.5))] = np.nan
    manifest = first.manifest.model_copy(update={"version": "0", "fallback": (1 - share, share)})
    found = compare_models(first, manifest, {"size": values})
    assert found is not None
    texts = " ".join(found.summary)
    assert ("1.1% missing, 0.0% before" in texts) == reported
    assert (f"share of the label b: {share:.1%}, 50.0% before" in texts) == reported
    assert ("missing" in texts, "label" in texts) == (reported, reported)


def test_other_bins_are_no_difference_of_the_data(
    trainings: Trainings, frame: pd.DataFrame
) -> None:
    trainings(frame)
    trainings(frame, reference=Reference(bins=3, golden_cases=2))
    assert trainings.said == []
