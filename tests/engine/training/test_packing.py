"""The manifest names the data, the commit, the lock and the libraries of a model."""

import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.training import packing
from modelserve.training.config import Config


@pytest.fixture(autouse=True)
def no_repository_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep git from finding a repository that the tests themselves run in."""
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return its output; skip without git."""
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    return done.stdout.strip()


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert packing.git_commit(tmp_path) is None


def test_a_new_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert packing.git_commit(tmp_path) is None


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packing.git_commit(tmp_path) is None


def test_the_commit_is_the_one_that_is_checked_out(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=first")
    commit = packing.git_commit(tmp_path)
    assert commit == git(tmp_path, "rev-parse", "HEAD")
    assert commit is not None
    assert len(commit) >= 40


def test_the_lock_is_identified_by_its_hash(tmp_path: Path) -> None:
    assert packing.lock_hash(tmp_path) is None
    lock = tmp_path / "requirements" / "training.txt"
    lock.parent.mkdir()
    lock.write_bytes(b"numpy==2.0.0\n")
    assert packing.lock_hash(tmp_path) == artifact.sha256(b"numpy==2.0.0\n")


def test_the_manifest_names_everything_that_a_model_was_trained_with(
    trained: Artifact, project: Project, config: Config
) -> None:
    manifest = trained.manifest
    graph = artifact.sha256(trained.model.read_bytes())
    assert (manifest.name, manifest.seed) == (project.name, config.seed)
    assert manifest.version == f"{project.version}-{graph[:8]}"
    assert manifest.description == config.description
    assert manifest.data.source == config.data.path.name
    assert manifest.data.sha256 == artifact.sha256(config.data.path.read_bytes())
    assert manifest.libraries == {name: metadata.version(name) for name in manifest.libraries}
    assert manifest.libraries


def test_golden_cases_are_as_many_as_configured(
    golden: list[dict[str, Any]], trained: Artifact, config: Config
) -> None:
    assert len(golden) == min(config.reference.golden_cases, trained.manifest.data.test_rows)
    assert all(case.keys() == {"input", "output"} for case in golden)
    assert {len(case["output"]) for case in golden} == {len(trained.manifest.fallback)}
