"""A change of the template reaches projects that were made before, whatever their users edited."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery import CHOICES, Answers, BakedProject, covering_set, name_of
from tests.history import commit_all, cruft, git
from tests.renew import renew_vendored

LIBRARY = "vendor/modelserve"
MODULES = f"{LIBRARY}/src/modelserve"
WORKFLOW = ".github/workflows/ci.yml"
DOCUMENT = "docs/deploy.md"
NEXT_VERSION = "99.0.0"
OVERLAY = "_options/deploy_target/cloud-run/docs/deploy.md"

Create = Callable[[Answers], BakedProject]


@pytest.fixture
def create(tmp_path: Path, template, shared_bake) -> Create:
    """Return a function that makes a project with cruft from the template's copy."""

    def create_project(answers: Answers) -> BakedProject:
        project = shared_bake(name_of(answers))
        renew_vendored(template.folder / LIBRARY)
        commit_all(template.path)
        chosen = json.dumps({question: project.answers[question] for question in CHOICES})
        cruft(tmp_path, "create", str(template.path), "--no-input", "--extra-context", chosen)
        return BakedProject(tmp_path / project.slug, project.answers)

    return create_project


@pytest.mark.parametrize("answers", covering_set(), ids=name_of)
def test_cruft_creates_and_updates_a_project(
    template, shared_bake, create: Create, answers: Answers
) -> None:
    """It makes what cookiecutter makes, and an update changes what the template changed."""
    project = shared_bake(name_of(answers))
    made = create(answers)
    assert set(made.files()) - {".cruft.json"} == set(project.files())

    commit_all(made.path)
    assert "up to date" in cruft(made.path, "update", "-y")

    template.write("_options/language/en/README.md", "\nA line from the template.\n")
    framework = project.answers["__framework"]
    template.write(f"_options/framework/{framework}/requirements/serving.txt", "# renewed\n")
    commit_all(template.path)
    before = made.contents()
    cruft(made.path, "update", "-y")
    changed = {name for name, content in made.contents().items() if before.get(name) != content}
    assert changed == {"README.md", ".cruft.json", "requirements/serving.txt"}
    assert made.read("README.md").endswith("\nA line from the template.\n")


def is_edited(name: str) -> bool:
    """Return whether a user edits a file: no picture, no library, nothing that a command writes."""
    written = {".cruft.json", "monitoring/thresholds.yaml"}
    return not name.startswith("vendor/") and name not in written and not name.endswith(".png")


def edit_everything(project: BakedProject) -> None:
    """Edit every file that is the user's, in a way that its kind allows, and commit."""
    for name in filter(is_edited, project.files()):
        path = project.path / name
        text = path.read_text(encoding="utf-8")
        if path.suffix in {".md", ""}:
            text += "\n# Edited by the user\n"
        elif path.suffix == ".csv":
            text += text.splitlines()[-1] + "\n"
        elif path.suffix == ".json":
            text += "\n"
        else:
            text += "# Edited by the user\n"
        path.write_text(text, encoding="utf-8", newline="\n")
    commit_all(project.path)


def change_template(template) -> None:
    """Change, add and remove files of the library; change a workflow and a document."""
    package = template.folder / MODULES
    text = (package / "errors.py").read_text(encoding="utf-8")
    (package / "errors.py").write_text(f"# Of the next release.\n{text}", encoding="utf-8")
    (package / "added.py").write_text('"""Of the next release."""\n', encoding="utf-8")
    (package / "removed.py").unlink()
    text = (package / "__init__.py").read_text(encoding="utf-8")
    text = re.sub(r"^__version__ = .*", f'__version__ = "{NEXT_VERSION}"', text, flags=re.M)
    (package / "__init__.py").write_text(text, encoding="utf-8")
    renew_vendored(template.folder / LIBRARY)
    for name in (WORKFLOW, OVERLAY):
        first = (template.folder / name).read_text(encoding="utf-8").partition("\n")[0]
        template.replace(name, f"{first}\n", f"{first}\n# Of the next release.\n")
    commit_all(template.path)


CHANGED = {
    WORKFLOW,
    DOCUMENT,
    ".cruft.json",
    f"{LIBRARY}/VENDORED.json",
    f"{MODULES}/__init__.py",
    f"{MODULES}/errors.py",
    f"{MODULES}/added.py",
    f"{MODULES}/removed.py",
}


@pytest.fixture
def made(template, create: Create) -> BakedProject:
    """Return a project in which every file that is the user's was edited."""
    template.write(f"{MODULES}/removed.py", '"""Of the first release."""\n')
    project = create(covering_set()[0])
    commit_all(project.path)
    edit_everything(project)
    return project


def update(project: BakedProject) -> set[str]:
    """Update a project, which may bring no conflict; return the names of the files that changed."""
    before = project.contents()
    said = cruft(project.path, "update", "-y")
    assert "Failed" not in said, said
    assert "conflict" not in said, said
    assert not git(project.path, "diff", "--name-only", "--diff-filter=U")
    after = project.contents()
    assert not [name for name in after if name.endswith(".rej")]
    return {name for name in before | after if before.get(name) != after.get(name)}


def check_library(project: BakedProject) -> tuple[int, str]:
    """Compare the library with its hashes; return the exit status and what is printed."""
    paths = {"PYTHONPATH": str(project.path / LIBRARY / "src")}
    done = project.run("python", "-m", "modelserve.vendored", **paths)
    return done.returncode, done.stdout


def test_an_update_reaches_a_project_whose_user_edited_every_file(
    template, made: BakedProject
) -> None:
    """Nothing conflicts; the edits stay, and the library is the new one."""
    change_template(template)
    assert update(made) == CHANGED
    for name in (WORKFLOW, DOCUMENT):
        assert "\n# Of the next release.\n" in made.read(name)
        assert made.read(name).endswith("# Edited by the user\n")
    said = f"vendor/modelserve is modelserve {NEXT_VERSION}, unchanged.\n"
    assert check_library(made) == (0, said)


def test_an_update_merges_into_an_edited_library_and_the_check_names_the_file(
    template, made: BakedProject
) -> None:
    """Both changes are there, and the ways out are named."""
    with (made.path / MODULES / "errors.py").open("a", encoding="utf-8") as stream:
        stream.write("# Edited by the user\n")
    commit_all(made.path)
    change_template(template)
    assert update(made) == CHANGED

    text = made.read(f"{MODULES}/errors.py")
    assert text.startswith("# Of the next release.\n")
    assert text.endswith("# Edited by the user\n")
    status, said = check_library(made)
    assert status == 1
    assert "  changed: src/modelserve/errors.py\n" in said
    assert "added" not in said
    for way_out in ("nox -s restore", "docs/make-it-yours.md", "nox -s eject"):
        assert way_out in said


@pytest.mark.covering
def test_the_suite_passes_after_an_update(template, made: BakedProject) -> None:
    """The project's own tests and its library's check, as CI runs them."""
    change_template(template)
    update(made)
    commit_all(made.path)
    assert check_library(made)[0] == 0
    done = made.run("nox", "-s", "tests")
    assert done.returncode == 0, done.stdout
