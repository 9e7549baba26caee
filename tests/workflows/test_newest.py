"""The template's weekly run renews its locks, tests swaps on them, and opens a pull request."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.bakery import TEMPLATE, BakedProject
from tests.history import commit_all, git
from tests.workflows import stand_in
from tests.workflows.repository import Repository

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the steps run in bash")

WORKFLOW = ".github/workflows/newest.yml"
LOCKS = "_options/framework/xgboost/requirements"
BRANCH = "renew/locks"
RENEWED = {f"{LOCKS}/serving.txt": "numpy==2\n", f"{LOCKS}/training.txt": "numpy==2\n"}
TESTED = ["test_locks.py", "test_swaps.py", "test_recipes.py", "test_own_code.py"]


@pytest.fixture
def locks(tmp_path: Path) -> Repository:
    """Return a repository with the template's workflow and two locks."""
    folder = tmp_path / "template"
    (folder / WORKFLOW).parent.mkdir(parents=True)
    shutil.copy(TEMPLATE / WORKFLOW, folder / WORKFLOW)
    for name in RENEWED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("numpy==1\n", encoding="utf-8")
    (folder / ".gitignore").write_text("/.venv/\n/proposal/\n", encoding="utf-8")
    commit_all(folder)
    repository = Repository(BakedProject(folder, {"project_slug": "template"}), tmp_path / "it")
    stand_in.install(repository.programs / "uv")
    return repository


def renew(repository: Repository, **written: str) -> None:
    """Let the renewal write these files."""
    repository.reply("uv", "run", "python", "-m", "tests.renew", writes=written)


def test_renewed_locks_are_tested_and_proposed(locks: Repository) -> None:
    """The text names the run that has tested them."""
    pushed = locks.receive_pushes()
    renew(locks, **RENEWED)
    run = locks.run("newest.yml", "schedule")
    assert run.jobs == {"renew": "success", "propose": "success"}, run.log
    renewal, tests = locks.calls("uv")
    assert renewal[1:] == ["run", "python", "-m", "tests.renew", "locks"]
    assert tests[1:] == ["run", "pytest", *(f"tests/{name}" for name in TESTED)]
    assert set(git(pushed, "show", "--name-only", "--format=", BRANCH).split()) == {*RENEWED}
    (created,) = locks.calls("gh", "pr", "create")
    assert f"--head={BRANCH}" in created


def test_the_tests_of_the_renewed_locks_exist() -> None:
    text = (TEMPLATE / WORKFLOW).read_text(encoding="utf-8")
    named = [word for word in text.split() if word.startswith("tests/test_")]
    assert named == [f"tests/{name}" for name in TESTED]
    assert all((TEMPLATE / name).exists() for name in named)


def test_locks_that_are_up_to_date_propose_nothing(locks: Repository) -> None:
    run = locks.run("newest.yml", "schedule")
    assert run.jobs == {"renew": "success", "propose": "skipped"}, run.log
    assert "All locks are up to date." in run.log
    assert not locks.calls("uv", "run", "pytest")


def test_locks_whose_swaps_fail_are_not_proposed(locks: Repository) -> None:
    locks.reply("uv", "run", "pytest", exit=1)
    renew(locks, **RENEWED)
    run = locks.run("newest.yml", "schedule")
    assert run.jobs == {"renew": "failure", "propose": "skipped"}
    assert run.artifacts == {}


def test_an_open_pull_request_is_renewed(locks: Repository) -> None:
    locks.receive_pushes()
    locks.reply("gh", "pr", "list", says="7\n")
    renew(locks, **RENEWED)
    run = locks.run("newest.yml", "schedule")
    assert run.jobs["propose"] == "success", run.log
    assert not locks.calls("gh", "pr", "create")
    assert locks.calls("gh", "pr", "edit") == [
        ["gh", "pr", "edit", "7", "--body-file=proposal/body.md"]
    ]


def test_only_locks_are_committed(locks: Repository) -> None:
    """Whatever the new releases have changed while they ran."""
    pushed = locks.receive_pushes()
    renew(locks, **RENEWED, **{WORKFLOW: (TEMPLATE / WORKFLOW).read_text("utf-8") + "# More.\n"})
    run = locks.run("newest.yml", "schedule")
    assert run.jobs["propose"] == "success", run.log
    assert set(git(pushed, "show", "--name-only", "--format=", BRANCH).split()) == {*RENEWED}
