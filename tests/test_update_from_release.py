"""A project of the last release is updated to the present state, and stays the user's and green."""

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bakery import BakedProject
from tests.history import commit_all, cruft, git
from tests.project_tools import change_config, check_source, run_suite, source_path
from tests.releases import (
    UNTAGGED,
    MissingHistoryError,
    clone_at_release,
    release_before,
    release_present,
)

DATA = Path(__file__).parent / "data"
PENGUINS = DATA / "swaps" / "penguins"
TITLE = "# Penguins of the Palmer archipelago\n"
OWN_FILES = {
    "README.md",
    "config/training.toml",
    *(
        f"src/iris_classifier/{name}.py"
        for name in ("audit", "data", "model", "service", "settings")
    ),
    "tests/test_audit.py",
}
SECTION = "\n## Our field notes\n\nThey are kept elsewhere.\n"
# The user's estimator: what it replaces in model.py.
OWN_MODEL = {
    "sklearn.linear_model import LogisticRegression": "sklearn.neural_network import MLPClassifier",
    "C: float = Field(default=1.0, gt=0)": "units: int = Field(default=16, ge=1)",
    "LogisticRegression(C=options.C, random_state=seed, max_iter=1_000)": (
        'MLPClassifier(options.units, alpha=10, solver="lbfgs", random_state=seed)'
    ),
}


class Updated(NamedTuple):
    """A project after its update, the lines that its user wrote by file, and cruft's output."""

    project: BakedProject
    own: dict[str, list[bytes]]
    output: str


def edit_project(project: BakedProject) -> dict[str, list[bytes]]:
    """Bring own data, an own model, an own route, an own README; return the lines by file."""
    before = project.contents()
    for name in ("audit.py", "service.py", "settings.py"):
        shutil.copy(DATA / "own_code" / "src" / name, source_path(project, name))
    shutil.copy(DATA / "own_code" / "tests" / "test_audit.py", project.path / "tests")
    shutil.copy(PENGUINS / "src" / "data.py", source_path(project, "data.py"))
    change_config(project, (PENGUINS / "training.toml").read_text(encoding="utf-8"))
    (project.path / "data" / "iris.csv").unlink()
    model = source_path(project, "model.py")
    text = model.read_text(encoding="utf-8")
    for old, new in OWN_MODEL.items():
        assert old in text, f"{model} has no {old!r}"
        text = text.replace(old, new, 1)
    model.write_text(text, encoding="utf-8", newline="\n")
    readme = project.path / "README.md"
    text = readme.read_text(encoding="utf-8").partition("\n")[2]
    readme.write_text(f"{TITLE}{text}{SECTION}", encoding="utf-8", newline="\n")
    return {
        name: [line for line in text.splitlines() if line not in before.get(name, b"").splitlines()]
        for name, text in project.contents().items()
        if text != before.get(name)
    }


def clone_or_skip(folder: Path) -> str:
    """Clone the template at its last release, or skip where this clone has no history."""
    tag, reason = "", ""
    try:
        tag = clone_at_release(folder)
    except MissingHistoryError as error:
        reason = str(error)
    if reason:
        assert not os.environ.get("REQUIRE_ALL"), reason
        pytest.skip(reason)
    return tag


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Updated:
    """Return a project that was made from the last release, edited, and updated to the present."""
    folder = tmp_path_factory.mktemp("released")
    tag = clone_or_skip(folder / "template")
    cruft(folder, "create", str(folder / "template"), "--no-input", f"--checkout={tag}")
    (path,) = (each.parent for each in folder.glob("*/.cruft.json"))
    answers = json.loads((path / ".cruft.json").read_text(encoding="utf-8"))["context"]
    project = BakedProject(path, answers["cookiecutter"])
    commit_all(path)
    own = edit_project(project)
    commit_all(path)
    present = release_present(folder / "template")
    return Updated(project, own, cruft(path, "update", "-y", f"--checkout={present}"))


@pytest.mark.slow
def test_an_update_from_the_last_release_has_no_conflict(updated: Updated) -> None:
    """Neither one that git names nor one that is left as a file."""
    project = updated.project
    assert "conflict" not in updated.output, updated.output
    assert not git(project.path, "diff", "--name-only", "--diff-filter=U")
    after = project.contents()
    assert not [name for name in after if name.endswith((".rej", ".orig"))]
    assert not [name for name, text in after.items() if b"\n<<<<<<< " in text]


@pytest.mark.slow
def test_an_update_from_the_last_release_keeps_what_the_user_did(updated: Updated) -> None:
    """Each line of each own file is there, and the removed file stays away."""
    after = updated.project.contents()
    assert {*updated.own} == OWN_FILES
    assert all(updated.own.values())
    missing = {
        name: [line for line in lines if line not in after[name].splitlines()]
        for name, lines in updated.own.items()
    }
    assert not any(missing.values()), missing
    assert "data/iris.csv" not in after
    readme = updated.project.read("README.md")
    assert readme.startswith(TITLE)
    assert readme.endswith(SECTION)


@pytest.mark.slow
def test_an_update_brings_the_library_and_the_files_of_the_present(
    updated: Updated, shared_bake
) -> None:
    """All that a project of today has and its user has not edited."""
    present = shared_bake("scikit-learn-classifier--cloud-run").contents()
    after = updated.project.contents()
    kept = {*updated.own, "data/iris.csv"}
    assert {name: text for name, text in after.items() if name in present.keys() - kept} == {
        name: text for name, text in present.items() if name not in kept
    }
    assert {name for name in after if name.startswith("vendor/")} == {
        name for name in present if name.startswith("vendor/")
    }


@pytest.mark.slow
def test_the_suite_is_green_after_an_update_from_the_last_release(updated: Updated) -> None:
    """With coverage, the linters and the types."""
    commit_all(updated.project.path)
    assert " passed" in run_suite(updated.project)
    check_source(updated.project)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Return a repository of three commits without a tag."""
    for number in range(3):
        (tmp_path / "file.txt").write_text(f"{number}\n", encoding="utf-8")
        commit_all(tmp_path)
    return tmp_path


def test_the_release_before_is_the_newest_tag_that_is_not_checked_out(history: Path) -> None:
    """By its version, not by its spelling; a tag of something else is no release."""
    git(history, "tag", "v0.9.0", "HEAD~2")
    git(history, "tag", "v0.10.0", "HEAD~1")
    git(history, "tag", "zz", "HEAD~1")
    git(history, "tag", "v1.0.0", "HEAD")
    assert release_before(history) == "v0.10.0"


def test_without_a_tag_an_earlier_commit_stands_for_the_release(history: Path) -> None:
    """It is tagged in the clone; where the clone lacks it, the error says so."""
    earlier = git(history, "rev-parse", "HEAD~1").strip()
    assert release_before(history, earlier) == UNTAGGED
    assert git(history, "rev-parse", UNTAGGED).strip() == earlier
    git(history, "tag", "--delete", UNTAGGED)
    with pytest.raises(MissingHistoryError, match="has no commit 0123"):
        release_before(history, "0123" * 10)
