"""An artifact is trained again and compared; what differs is named, and why."""

import shutil
from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.errors import ArtifactError, ReproductionError
from modelserve.reproduction.conditions import describe_changes
from modelserve.reproduction.run import Reproduction, check, reproduce_here
from modelserve.training.config import load_config

from tests.engine.reproduction.conftest import Repository, commit


def reproduce(repository: Repository, recorded: artifact.Artifact | None = None) -> Reproduction:
    """Train the project again as it is now."""
    project = repository.project
    config = load_config(repository.root / "config" / "training.toml", project.options)
    output = repository.root / "reproduced"
    return reproduce_here(project, recorded or repository.artifact, config, output)


def differing(result: Reproduction) -> dict[str, str]:
    """Return what is otherwise now, by name."""
    return {each.name: each.present for each in result.conditions if each.differs}


def test_the_same_tree_makes_the_same_bytes(repository: Repository) -> None:
    result = reproduce(repository)
    assert result.equal
    assert differing(result) == {}
    names = [each.name for each in result.files]
    assert names == [*sorted(repository.artifact.manifest.files), artifact.MANIFEST]
    for name in repository.artifact.manifest.files:
        before = (repository.artifact.folder / name).read_bytes()
        assert (repository.root / "reproduced" / name).read_bytes() == before


def test_changed_data_are_named(repository: Repository) -> None:
    repository.edit("data/iris.csv", lambda text: text.replace("5.1,3.5", "5.7,3.5", 1))
    result = reproduce(repository)
    assert not result.equal
    assert differing(result).keys() == {"data"}
    assert "these differ: data." in result.reasons


def test_changed_code_is_named(repository: Repository) -> None:
    name = f"src/{repository.project.package}/model.py"
    repository.edit(name, lambda text: f"{text}\n# changed\n")
    (repository.root / "src" / "naïve.py").write_text("", encoding="utf-8")
    result = reproduce(repository)
    assert result.equal, "a comment changes no model"
    assert differing(result) == {"code": f"changed: {name}, src/naïve.py"}


def test_a_later_commit_of_the_same_inputs_is_the_same_code(repository: Repository) -> None:
    (repository.root / "notes.md").write_text("later", encoding="utf-8")
    commit(repository.root)
    result = reproduce(repository)
    assert result.equal
    assert differing(result).keys() == {"commit"}


def test_the_recorded_seed_is_taken_and_another_one_named(repository: Repository) -> None:
    repository.edit("config/training.toml", lambda text: text.replace("seed = 42", "seed = 43", 1))
    result = reproduce(repository)
    assert result.equal
    assert differing(result)["seed"] == "43"
    assert differing(result).keys() == {"seed", "configuration", "code"}


def test_another_seed_makes_other_files_and_their_difference_is_measured(
    repository: Repository,
) -> None:
    result = reproduce(repository, repository.rewrite_manifest(seed=7))
    assert not result.equal
    details = {each.name: each.detail for each in result.files if not each.equal}
    assert details[artifact.MODEL].startswith("outputs on the golden cases differ by at most 0.")
    assert details[artifact.GOLDEN].startswith("/0/input/")
    assert details[artifact.CARD].startswith("line ")


def test_a_changed_lock_is_named(repository: Repository) -> None:
    repository.edit("requirements/training.txt", lambda text: f"{text}# changed\n")
    result = reproduce(repository)
    assert differing(result).keys() == {"lock", "code"}


def test_another_python_platform_or_library_is_named(repository: Repository) -> None:
    manifest = repository.artifact.manifest
    assert manifest.origin is not None
    origin = manifest.origin.model_copy(update={"python": "CPython 3.99.0", "platform": "mars"})
    libraries = manifest.libraries | {"scikit-learn": "0.1", "no-such-thing": "1.0"}
    result = reproduce(repository, repository.rewrite_manifest(origin=origin, libraries=libraries))
    assert differing(result).keys() == {"Python", "platform", "scikit-learn", "no-such-thing"}
    assert differing(result)["no-such-thing"] == "not installed"


def test_what_an_old_manifest_does_not_say_is_unknown(repository: Repository) -> None:
    old = repository.rewrite_manifest(origin=None, git_commit=None, lock_sha256=None)
    result = reproduce(repository, old)
    recorded = {each.name: each.recorded for each in result.conditions}
    assert recorded["Python"] == recorded["commit"] == recorded["lock"] == "unknown"
    assert "names no commit" in differing(result)["code"]


@pytest.mark.parametrize("commit", ["c0ffee" * 6, "HEAD", "--output=stolen", ""])
def test_an_unknown_commit_is_said(repository: Repository, commit: str) -> None:
    """What a manifest names is no option of git's."""
    root = repository.root
    assert "not in this repository" in describe_changes(root, commit)
    assert not (root / "stolen").exists()


def test_a_run_that_ends_without_a_model_is_no_reproduction(repository: Repository) -> None:
    repository.edit(
        "config/training.toml",
        lambda text: text.replace("[gate.minimum]", "[gate.minimum]\nmcc = 1.0"),
    )
    with pytest.raises(ReproductionError, match="made no artifact"):
        reproduce(repository)


def test_the_artifact_itself_is_not_overwritten(repository: Repository, tmp_path: Path) -> None:
    folder = repository.artifact.folder
    link = tmp_path / "link"
    link.symlink_to(folder)
    for output in (folder, folder.parent / "x" / ".." / folder.name, link):
        with pytest.raises(ReproductionError, match="the artifact itself"):
            check(repository.artifact, output)


def test_a_folder_of_something_else_is_not_overwritten(
    repository: Repository, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError, match="holds no artifact"):
        check(repository.artifact, repository.root / "src")
    shutil.copytree(repository.artifact.folder, tmp_path / "earlier")
    check(repository.artifact, tmp_path / "earlier")


def test_an_imported_graph_has_no_training_to_repeat(repository: Repository) -> None:
    imported = repository.rewrite_manifest(
        parity=None, provenance={"source": "theirs.onnx", "SHA-256": "c" * 64}
    )
    with pytest.raises(ReproductionError, match=r"imported from theirs\.onnx"):
        check(imported, repository.root / "reproduced")
