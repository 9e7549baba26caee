"""A candidate replaces the served model only if it is no worse, and the previous one is kept."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.errors import ArtifactError, GateError
from modelserve.metric_table import METRICS
from modelserve.promotion import promote

FAMILIES = ("iris", "diabetes")
LOWER_IS_BETTER = {name for name, each in METRICS.items() if each.better == "lower"}
NOT_COMPARED = {name for name, each in METRICS.items() if not each.compared}
Variant = Callable[..., Path]


@pytest.fixture
def variant(trained: Artifact, tmp_path: Path) -> Variant:
    """Return a way to make an artifact whose manifest says something else."""

    def make(name: str, **changes: Any) -> Path:
        folder = tmp_path / name
        shutil.copytree(trained.folder, folder)
        path = folder / artifact.MANIFEST
        content = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps(content), encoding="utf-8")
        return folder

    return make


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shifted(trained: Artifact, amount: float) -> dict[str, float]:
    """Return the model's metrics, each better by `amount`, or worse where that is negative."""
    return {
        name: value - amount if name in LOWER_IS_BETTER else value + amount
        for name, value in trained.manifest.metrics.items()
    }


def test_the_first_model_is_promoted(variant: Variant, tmp_path: Path) -> None:
    candidate, target = variant("candidate"), tmp_path / "served" / "model"

    promoted, previous = promote(candidate, target, tolerance=0)

    assert previous is None
    assert promoted.folder == target
    assert contents(target) == contents(candidate)
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("gain", [pytest.param(0, id="as good"), pytest.param(0.1, id="better")])
def test_the_previous_model_is_kept_beside_the_new_one(
    variant: Variant, trained: Artifact, tmp_path: Path, gain: float
) -> None:
    candidate = variant("candidate", version="2", metrics=shifted(trained, gain))
    target = variant("model", version="1")

    promoted, previous = promote(candidate, target, tolerance=0)

    assert previous == tmp_path / "model.previous"
    assert promoted.manifest.version == "2"
    assert [artifact.load(folder).manifest.version for folder in (target, previous)] == ["2", "1"]
    assert {path.name for path in tmp_path.iterdir()} == {"candidate", "model", "model.previous"}


def test_promoting_the_previous_model_restores_it(variant: Variant, trained: Artifact) -> None:
    candidate = variant("candidate", version="2", metrics=shifted(trained, 0.1))
    target = variant("model", version="1")
    _, previous = promote(candidate, target, tolerance=0)
    assert previous is not None

    restored, beside = promote(previous, target, tolerance=math.inf)

    assert restored.manifest.version == "1"
    assert beside == previous
    assert artifact.load(previous).manifest.version == "2"


def test_a_worse_model_is_rejected_with_every_metric_and_both_values(
    variant: Variant, trained: Artifact
) -> None:
    worse = shifted(trained, -0.1)
    candidate, target = variant("candidate", metrics=worse), variant("model")
    before = contents(target)

    with pytest.raises(GateError, match=r"^Not promoted: ") as caught:
        promote(candidate, target, tolerance=0.05)

    for name in worse.keys() - NOT_COMPARED:
        value = worse[name]
        served = trained.manifest.metrics[name]
        assert f"{name} is {value:.4g}, the served model's {served:.4g}" in str(caught.value)
    assert contents(target) == before


def test_a_model_may_be_worse_within_the_tolerance(variant: Variant, trained: Artifact) -> None:
    candidate = variant("candidate", version="2", metrics=shifted(trained, -0.1))
    promoted, _ = promote(candidate, variant("model"), tolerance=0.11)
    assert promoted.manifest.version == "2"


def test_a_metric_that_is_nan_is_worse(variant: Variant, trained: Artifact) -> None:
    broken = dict.fromkeys(trained.manifest.metrics, math.nan)
    with pytest.raises(GateError, match="is nan") as caught:
        promote(variant("candidate", metrics=broken), variant("model"), tolerance=1)
    assert str(caught.value).count("is nan") == len(broken.keys() - NOT_COMPARED)


def test_metrics_that_do_not_measure_quality_are_not_compared(
    variant: Variant, trained: Artifact
) -> None:
    names = ("interval_coverage", "mean_confidence")
    poor, rich = (trained.manifest.metrics | dict.fromkeys(names, value) for value in (0.1, 0.9))
    candidate = variant("candidate", version="2", metrics=poor)
    promoted, _ = promote(candidate, variant("model", metrics=rich), tolerance=0)
    assert promoted.manifest.version == "2"


def test_a_metric_that_only_one_of_them_has_is_not_compared(variant: Variant) -> None:
    candidate = variant("candidate", version="2", metrics={"new_score": 0})
    promoted, _ = promote(candidate, variant("model"), tolerance=0)
    assert promoted.manifest.version == "2"


def test_a_model_with_another_schema_is_rejected_with_all_reasons(
    variant: Variant, trained: Artifact
) -> None:
    fields = [each.model_dump() | {"name": f"x_{each.name}"} for each in trained.manifest.features]
    candidate = variant(
        "candidate", features=fields, task="classifier", labels=["other"], fallback=[1.0]
    )
    with pytest.raises(GateError, match=r"its features differ.*; its labels differ"):
        promote(candidate, variant("model"), tolerance=math.inf)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param(artifact.MODEL, "SHA-256 differs", id="changed"),
        pytest.param(artifact.MANIFEST, "There is no model", id="missing"),
    ],
)
def test_a_changed_candidate_is_rejected(variant: Variant, name: str, complaint: str) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    path = candidate / name
    if name == artifact.MANIFEST:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(ArtifactError, match=complaint):
        promote(candidate, target, tolerance=0)

    assert artifact.load(target).manifest.version == "1"


def test_leftovers_of_a_broken_promotion_are_removed(variant: Variant, tmp_path: Path) -> None:
    left = tmp_path / ".model.new"
    left.mkdir()
    (left / artifact.MODEL).write_bytes(b"half")

    promoted, _ = promote(variant("candidate", version="2"), variant("model"), tolerance=0)

    assert promoted.manifest.version == "2"
    assert not left.exists()


def test_a_folder_without_an_artifact_is_not_replaced(variant: Variant, tmp_path: Path) -> None:
    target = tmp_path / "papers"
    target.mkdir()
    (target / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ArtifactError, match="choose another folder"):
        promote(variant("candidate"), target, tolerance=0)

    assert contents(target) == {"notes.txt": b"mine"}


def test_a_target_that_cannot_be_written_is_named(variant: Variant, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"cannot be copied to .*model: "):
        promote(variant("candidate"), tmp_path / "file" / "model", tolerance=0)


@pytest.mark.parametrize(
    ("name", "changes", "promoted"),
    [
        pytest.param("profit", {}, True, id="own metric"),
        pytest.param("cost", {"lower_is_better": ["cost"]}, False, id="own metric with a maximum"),
        pytest.param("brier_score", {}, False, id="known loss"),
        pytest.param("roc_auc", {}, True, id="known score"),
        pytest.param("recall:yes", {}, True, id="of a label"),
    ],
)
def test_each_metric_is_compared_in_its_better_direction(
    variant: Variant, name: str, changes: dict[str, Any], promoted: bool
) -> None:
    target = variant("model", metrics={name: 0.5})
    higher = variant("candidate", metrics={name: 0.6}, **changes)
    if promoted:
        promote(higher, target, tolerance=0)
    else:
        with pytest.raises(GateError, match=f"{name} is 0.6, the served model's 0.5"):
            promote(higher, target, tolerance=0)


def test_a_recall_that_falls_is_no_reason(variant: Variant) -> None:
    target = variant("model", metrics={"recall:yes": 0.5, "f1": 0.5})
    lower = variant("candidate", metrics={"recall:yes": 0.4, "f1": 0.5})
    promote(lower, target, tolerance=0)
