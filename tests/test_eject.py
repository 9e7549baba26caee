"""A project's library may be taken over and given back, by the commands that the check names."""

import pytest

from tests.bakery import BakedProject
from tests.history import commit_all

EDITED = "vendor/modelserve/src/modelserve/errors.py"


def nox(project: BakedProject, session: str) -> tuple[int, str]:
    """Run a session and return its exit status and what it prints."""
    done = project.run("nox", "-s", session)
    return done.returncode, done.stdout


def check(project: BakedProject) -> tuple[int, str]:
    """Run what `nox -s lint` begins with, without its environment."""
    paths = {"PYTHONPATH": str(project.path / "vendor" / "modelserve" / "src")}
    done = project.run("python", "-m", "modelserve.vendored", **paths)
    return done.returncode, done.stdout


@pytest.fixture
def project(bake) -> BakedProject:
    """Return a committed project."""
    project = bake()
    commit_all(project.path)
    return project


def edit(project: BakedProject) -> None:
    """Edit a file of the library and commit it."""
    with (project.path / EDITED).open("a", encoding="utf-8") as stream:
        stream.write("# mine\n")
    commit_all(project.path)


def test_lint_refuses_an_edited_library_before_anything_else(project: BakedProject) -> None:
    """And names the file and the three ways out."""
    edit(project)
    status, said = nox(project, "lint")
    assert status == 1
    assert "  changed: src/modelserve/errors.py\n" in said
    for way_out in ("nox -s restore", "docs/make-it-yours.md", "nox -s eject"):
        assert way_out in said
    assert not (project.path / ".venv").exists()


def test_an_ejected_library_can_be_edited_and_restored(project: BakedProject) -> None:
    """The check accepts the edit and reports it; afterwards every byte is as it was."""
    before = project.contents()
    assert check(project)[0] == 0

    status, said = nox(project, "eject")
    assert status == 0, said
    edit(project)
    status, said = check(project)
    assert status == 0, said
    assert "  changed: src/modelserve/errors.py\n" in said

    status, said = nox(project, "restore")
    assert status == 0, said
    assert project.contents() == before
    assert check(project)[0] == 0


def test_the_ways_out_lead_somewhere(project: BakedProject) -> None:
    """The document that the check names is there."""
    assert "service.py" in project.read("docs/make-it-yours.md")
