"""Baking into a folder that holds files is refused, and changes none of them."""

import os
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException

from tests.bakery import BakedProject, bake_into
from tests.history import commit_all, cruft, git

OVERWRITE = "MODELSERVE_OVERWRITE"
ADDED = {
    "src/iris_classifier/mine.py": b"def mine(:",
    "tests/test_mine.py": b"def test_mine(): ...\n",
    ".github/workflows/mine.yml": b"{{ mine }}: [",
    "requirements/mine.txt": b"numpy\n",
    "monitoring/mine/rules.yaml": b"groups: []\n",
    "vendor/other/x.py": b"X = 1\n",
    "data/mine.csv": b"a,b\n1,2\n",
    "docs/mine.md": b"[gone](gone.md)\n",
}


@pytest.fixture(autouse=True)
def _no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OVERWRITE, raising=False)


@pytest.fixture
def edited(bake) -> BakedProject:
    """Return a project in which the user has edited files, added some, and removed one."""
    project = bake()
    for name, content in ADDED.items():
        path = project.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (project.path / "README.md").write_text("mine", encoding="utf-8")
    (project.path / "pyproject.toml").write_bytes(b"[project]\nname = 'mine'\n")
    (project.path / "SECURITY.md").unlink()
    return project


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="overwrite"),
        pytest.param({"skip_if_file_exists": True}, id="skip-existing"),
    ],
)
def test_baking_over_a_project_is_refused(edited: BakedProject, capfd, options: dict) -> None:
    """Every file stays, byte for byte, and the message names what to do instead."""
    before = edited.contents()
    with pytest.raises(FailedHookException):
        bake_into(edited.path.parent, {}, overwrite_if_exists=True, **options)
    assert edited.contents() == before
    said = capfd.readouterr().err
    assert "iris-classifier already holds files (" in said
    for way_out in ("uvx cruft update", "--output-dir", f"{OVERWRITE}=1"):
        assert way_out in said


def test_one_file_is_enough_to_refuse(tmp_path: Path, capfd) -> None:
    """A licence that a code host has made is somebody's, too."""
    licence = tmp_path / "output" / "iris-classifier" / "LICENSE"
    licence.parent.mkdir(parents=True)
    licence.write_bytes(b"mine")
    with pytest.raises(FailedHookException):
        bake_into(tmp_path / "output", {}, overwrite_if_exists=True)
    assert [path.name for path in licence.parent.iterdir()] == ["LICENSE"]
    assert licence.read_bytes() == b"mine"
    assert "(LICENSE)" in capfd.readouterr().err


@pytest.mark.parametrize("is_repository", [False, True], ids=["empty", "new-repository"])
def test_a_folder_without_files_is_baked_into(
    tmp_path: Path, shared_bake, is_repository: bool
) -> None:
    """A fresh `git init` is no project yet."""
    folder = tmp_path / "output" / "iris-classifier"
    folder.mkdir(parents=True)
    if is_repository:
        git(folder, "init", "--quiet")
    project = bake_into(tmp_path / "output", {}, overwrite_if_exists=True)
    same = shared_bake(f"{project.answers['model']}--{project.answers['deploy_target']}")
    assert project.contents() == same.contents()
    assert (folder / ".git").is_dir() == is_repository


def test_bad_answers_over_a_project_change_nothing(edited: BakedProject) -> None:
    """The folder existed before, so that a refusal does not remove it."""
    before = edited.contents()
    with pytest.raises(FailedHookException):
        bake_into(edited.path.parent, {"author_email": "x"}, overwrite_if_exists=True)
    assert edited.contents() == before


def test_an_explicit_permission_overwrites_and_says_so(
    edited: BakedProject, shared_bake, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    """The template's files come back; only `vendor` is replaced as a whole."""
    monkeypatch.setenv(OVERWRITE, "1")
    again = bake_into(edited.path.parent, {}, overwrite_if_exists=True)
    same = shared_bake(f"{again.answers['model']}--{again.answers['deploy_target']}")
    kept = {name: content for name, content in ADDED.items() if not name.startswith("vendor/")}
    assert again.contents() == same.contents() | kept
    said = capfd.readouterr().err.replace(os.linesep, "\n")
    assert said.startswith(f"{OVERWRITE}=1: writing over .devcontainer/")
    assert "vendor/ as a whole" in said


@pytest.mark.parametrize("value", ["", "0", "yes"])
def test_no_other_value_is_a_permission(
    edited: BakedProject, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """It is 1 or nothing."""
    monkeypatch.setenv(OVERWRITE, value)
    with pytest.raises(FailedHookException):
        bake_into(edited.path.parent, {}, overwrite_if_exists=True)


def test_cruft_create_over_a_project_is_refused_too(edited: BakedProject, template) -> None:
    """It has the same option, and the same hooks."""
    commit_all(template.path)
    before = edited.contents()
    with pytest.raises(AssertionError, match="already holds files"):
        cruft(
            edited.path.parent, "create", str(template.path), "--no-input", "--overwrite-if-exists"
        )
    assert edited.contents() == before
