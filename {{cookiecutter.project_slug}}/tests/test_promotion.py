"""A new model takes the served one's place only if it deserves it, and the way back is kept."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from package import artifact
from package.artifact import Artifact
from package.errors import ArtifactError, GateError
from package.promotion import COSTS, PROMISES, promote

Variant = Callable[..., Path]


@pytest.fixture
def variant(found: Artifact, tmp_path: Path) -> Variant:
    """Return a way to make an artifact whose manifest says something else."""

    def make(name: str, **changes: Any) -> Path:
        folder = tmp_path / name
        shutil.copytree(found.folder, folder)
        path = folder / artifact.MANIFEST
        content = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps(content), encoding="utf-8")
        return folder

    return make


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shifted(found: Artifact, amount: float) -> dict[str, float]:
    """Return the model's metrics, each better by `amount`, or worse where that is negative."""
    return {
        name: value - amount if name in COSTS else value + amount
        for name, value in found.manifest.metrics.items()
    }


def test_a_model_is_put_where_none_is_served(variant: Variant, tmp_path: Path) -> None:
    candidate, target = variant("candidate"), tmp_path / "served" / "model"

    promoted, former = promote(candidate, target, slack=0)

    assert former is None
    assert promoted.folder == target
    assert contents(target) == contents(candidate)
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("gain", [pytest.param(0, id="as good"), pytest.param(0.1, id="better")])
def test_the_former_model_is_kept_beside_the_new_one(
    variant: Variant, found: Artifact, tmp_path: Path, gain: float
) -> None:
    candidate = variant("candidate", version="2", metrics=shifted(found, gain))
    target = variant("model", version="1")

    promoted, former = promote(candidate, target, slack=0)

    assert former == tmp_path / "model.previous"
    assert promoted.manifest.version == "2"
    assert [artifact.load(folder).manifest.version for folder in (target, former)] == ["2", "1"]
    assert {path.name for path in tmp_path.iterdir()} == {"candidate", "model", "model.previous"}


def test_the_way_back_is_the_same_way(variant: Variant, found: Artifact) -> None:
    candidate = variant("candidate", version="2", metrics=shifted(found, 0.1))
    target = variant("model", version="1")
    _, former = promote(candidate, target, slack=0)
    assert former is not None

    back, previous = promote(former, target, slack=math.inf)

    assert back.manifest.version == "1"
    assert previous == former
    assert artifact.load(former).manifest.version == "2"


def test_a_worse_model_is_refused_with_every_metric_and_both_figures(
    variant: Variant, found: Artifact
) -> None:
    worse = shifted(found, -0.1)
    candidate, target = variant("candidate", metrics=worse), variant("model")
    before = contents(target)

    with pytest.raises(GateError, match=r"^Not promoted: ") as caught:
        promote(candidate, target, slack=0.05)

    for name in worse.keys() - PROMISES:
        value = worse[name]
        served = found.manifest.metrics[name]
        assert f"{name} is {value:.4g}, the served model's {served:.4g}" in str(caught.value)
    assert contents(target) == before


def test_a_model_may_be_a_little_worse_if_so_told(variant: Variant, found: Artifact) -> None:
    candidate = variant("candidate", version="2", metrics=shifted(found, -0.1))
    promoted, _ = promote(candidate, variant("model"), slack=0.11)
    assert promoted.manifest.version == "2"


def test_a_metric_that_is_no_number_is_worse(variant: Variant, found: Artifact) -> None:
    broken = dict.fromkeys(found.manifest.metrics, math.nan)
    with pytest.raises(GateError, match="is nan") as caught:
        promote(variant("candidate", metrics=broken), variant("model"), slack=1)
    assert str(caught.value).count("is nan") == len(broken.keys() - PROMISES)


def test_what_says_nothing_of_quality_is_not_compared(variant: Variant, found: Artifact) -> None:
    names = ("interval_coverage", "mean_confidence")
    poor, rich = (found.manifest.metrics | dict.fromkeys(names, value) for value in (0.1, 0.9))
    candidate = variant("candidate", version="2", metrics=poor)
    promoted, _ = promote(candidate, variant("model", metrics=rich), slack=0)
    assert promoted.manifest.version == "2"


def test_a_metric_that_only_one_of_them_has_is_not_compared(variant: Variant) -> None:
    candidate = variant("candidate", version="2", metrics={"new_score": 0})
    promoted, _ = promote(candidate, variant("model"), slack=0)
    assert promoted.manifest.version == "2"


def test_a_model_of_another_kind_is_refused_with_all_reasons(
    variant: Variant, found: Artifact
) -> None:
    fields = [each.model_dump() | {"name": f"x_{each.name}"} for each in found.manifest.features]
    candidate = variant("candidate", features=fields, labels=["other"])
    with pytest.raises(GateError, match=r"other fields.*; it gives other labels"):
        promote(candidate, variant("model"), slack=math.inf)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param(artifact.MODEL, "SHA-256 differs", id="changed"),
        pytest.param(artifact.MANIFEST, "There is no model", id="missing"),
    ],
)
def test_a_candidate_that_was_tampered_with_is_refused(
    variant: Variant, name: str, complaint: str
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    path = candidate / name
    if name == artifact.MANIFEST:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(ArtifactError, match=complaint):
        promote(candidate, target, slack=0)

    assert artifact.load(target).manifest.version == "1"


def test_what_a_broken_promotion_left_is_swept_away(variant: Variant, tmp_path: Path) -> None:
    left = tmp_path / ".model.new"
    left.mkdir()
    (left / artifact.MODEL).write_bytes(b"half")

    promoted, _ = promote(variant("candidate", version="2"), variant("model"), slack=0)

    assert promoted.manifest.version == "2"
    assert not left.exists()


def test_a_folder_that_is_no_artifact_is_not_replaced(variant: Variant, tmp_path: Path) -> None:
    target = tmp_path / "papers"
    target.mkdir()
    (target / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ArtifactError, match="choose another folder"):
        promote(variant("candidate"), target, slack=0)

    assert contents(target) == {"notes.txt": b"mine"}


def test_a_place_that_cannot_be_written_is_named(variant: Variant, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"cannot be copied to .*model: "):
        promote(variant("candidate"), tmp_path / "file" / "model", slack=0)
