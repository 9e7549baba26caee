"""The commit of a training run, and whether the project's inputs differ from it."""

import subprocess
from pathlib import Path

import pytest
from modelserve import provenance
from modelserve.artifact import Artifact
from modelserve.manifest import Manifest, Origin


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


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit of the inputs of training."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "model.py").write_text("C = 1\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--no-gpg-sign", "--message=first")
    return tmp_path


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert provenance.git_state(tmp_path) == provenance.GitState(None, None)


def test_a_new_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert provenance.git_state(tmp_path).commit is None


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_state(tmp_path).commit is None


def test_the_commit_is_the_one_that_is_checked_out(repository: Path) -> None:
    state = provenance.git_state(repository)
    assert state == provenance.GitState(git(repository, "rev-parse", "HEAD"), False)
    assert state.commit is not None
    assert len(state.commit) >= 40


def test_a_commit_is_named_by_its_hash_and_by_nothing_else(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert provenance.has_commit(repository, commit)
    for name in ("HEAD", ":/first", f"{commit}~0", f" {commit}", "0" * 40):
        assert not provenance.has_commit(repository, name)


@pytest.mark.parametrize(
    ("name", "dirty"),
    [
        pytest.param("src/model.py", True, id="changed"),
        pytest.param("src/naïve é.py", True, id="not-added"),
        pytest.param("candidate/model.onnx", False, id="no-input-of-training"),
    ],
)
def test_changes_of_what_training_reads_are_seen(repository: Path, name: str, dirty: bool) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("C = 2\n", encoding="utf-8")
    assert provenance.git_state(repository).dirty is dirty


def test_a_project_that_a_repository_around_it_does_not_hold_is_dirty(repository: Path) -> None:
    project = repository / "inner"
    (project / "src").mkdir(parents=True)
    (project / "src" / "model.py").write_text("C = 1\n", encoding="utf-8")
    assert provenance.git_state(project).dirty is True


def test_a_commit_that_does_not_name_the_code_is_shown_with_the_way_out(trained: Artifact) -> None:
    def describe(commit: str | None, *, dirty: bool | None) -> str:
        origin = Origin(python="CPython 3.12.0", platform="linux", dirty=dirty)
        changed = {"git_commit": commit, "origin": origin}
        return provenance.describe_commit(trained.manifest.model_copy(update=changed))

    assert describe("c0ffee", dirty=False) == "c0ffee"
    assert "commit them, then train again" in describe("c0ffee", dirty=True)
    assert "`git init`" in describe(None, dirty=None)


def test_a_manifest_from_before_these_fields_is_read(trained: Artifact) -> None:
    content = trained.manifest.model_dump(mode="json")
    for name in ("origin", "considerations"):
        assert content.pop(name)
    assert Manifest.model_validate(content).origin is None


def test_training_records_python_and_configuration(trained: Artifact) -> None:
    origin = trained.manifest.origin
    assert origin is not None
    assert origin.python == provenance.python_version()
    assert (origin.config, len(origin.config_sha256 or "")) == ("config/training.toml", 64)
