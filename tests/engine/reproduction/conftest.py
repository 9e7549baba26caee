"""A project in a repository of its own, trained from its first commit."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.training.config import load_config
from modelserve.training.train import train

from tests.engine.families import Family


@dataclass(frozen=True)
class Repository:
    """A project under git, and the artifact of its first commit."""

    project: Project
    artifact: Artifact

    @property
    def root(self) -> Path:
        """Return its folder."""
        return self.project.root

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change the text of a file."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        changed = change(text)
        assert changed != text, name
        path.write_text(changed, encoding="utf-8")

    def rewrite_manifest(self, **changes: object) -> Artifact:
        """Return the artifact as if its manifest had other values."""
        manifest = self.artifact.manifest.model_copy(update=changes)
        return Artifact(self.artifact.folder, manifest)


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and return its output; skip without git."""
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *words]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    return done.stdout.strip()


def commit(folder: Path) -> None:
    """Commit all that lies in a folder, the first time in a new repository."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-gpg-sign", "--message=first")


@pytest.fixture(scope="session")
def first_commit(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return a repository that no test may change."""
    names = ("GIT_DIR", "GIT_WORK_TREE")
    assert not any(os.environ.get(name) for name in names)
    root = tmp_path_factory.mktemp("repository") / "project"
    ignored = shutil.ignore_patterns("model", "__pycache__")
    shutil.copytree(family.root, root, ignore=ignored)
    (root / ".gitignore").write_text("/model/\n/reproduced/\n__pycache__/\n", encoding="utf-8")
    commit(root)
    project = Project(family.package, root)
    config = load_config(root / "config" / "training.toml", project.options)
    return Repository(project, train(project, config, root / "model").artifact)


@pytest.fixture
def repository(first_commit: Repository, tmp_path: Path) -> Repository:
    """Return a copy that the test may change."""
    root = Path(shutil.copytree(first_commit.root, tmp_path / "project"))
    return Repository(first_commit.project.at(root), artifact.load(root / "model"))
