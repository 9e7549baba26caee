"""What is baked, and what bakes it, is clean by the tools that its readers use."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.bakery import CHOICES, FOLDER, TEMPLATE, BakedProject
from tests.history import run_in

ACTION = ("check-jsonschema", "--builtin-schema", "vendor.github-actions")
WORKFLOW = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
DEPENDABOT = ("check-jsonschema", "--builtin-schema", "vendor.dependabot")


def check_github_folder(folder: Path) -> None:
    """Check a repository's workflows, its actions, their scripts, and its dependabot.yml."""
    workflows = sorted(str(path) for path in (folder / ".github" / "workflows").iterdir())
    run_in(folder, *WORKFLOW, *workflows)
    run_in(folder, "actionlint", *workflows)
    run_in(folder, "zizmor", "--offline", "--pedantic", "--quiet", "--no-config", ".github")
    run_in(folder, *DEPENDABOT, ".github/dependabot.yml")
    for script in sorted((folder / ".github").rglob("*.sh")):
        run_in(folder, "shellcheck", str(script))
    for action in sorted((folder / ".github" / "actions").glob("*/action.yml")):
        run_in(folder, *ACTION, str(action))
        for step in yaml.safe_load(action.read_text(encoding="utf-8"))["runs"]["steps"]:
            if "run" in step:  # actionlint leaves the lines of an action to its author
                run_in(folder, "shellcheck", f"--shell={step['shell']}", "-", given=step["run"])


def test_a_project_is_formatted_and_passes_its_linter(project: BakedProject) -> None:
    """By the project's own settings."""
    run_in(project.path, "ruff", "check", "--no-cache", ".")
    run_in(project.path, "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.parametrize("model", CHOICES["model"])
def test_a_long_name_breaks_no_line(bake, model: str) -> None:
    """A project named as long as may be is as well formatted as iris-classifier."""
    project = bake(model=model, project_slug="a-name-that-is-as-long-as-a-slug-may-be-and-no-mo")
    run_in(project.path, "ruff", "check", "--no-cache", ".")
    run_in(project.path, "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.parametrize("target", CHOICES["deploy_target"])
def test_workflows_of_a_project_are_sound(
    shared_bake: Callable[[str], BakedProject], tmp_path: Path, target: str
) -> None:
    """By their schema, by actionlint, and by zizmor at its most pedantic."""
    project = shared_bake(f"{CHOICES['model'][0]}--{target}")
    shutil.copytree(project.path / ".github", tmp_path / ".github")
    (tmp_path / ".git").mkdir()  # actionlint looks into a repository's own actions, but no folder's
    check_github_folder(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "--no-cache", "."), id="ruff"),
        pytest.param(("ruff", "format", "--no-cache", "--check", "."), id="format"),
        pytest.param(("pylint", "src", "image"), id="pylint", marks=pytest.mark.slow),
        pytest.param(("mypy", "--cache-dir=/dev/null"), id="mypy"),
    ],
)
def test_the_library_is_clean(command: tuple[str, ...]) -> None:
    """By settings of its own: projects leave it out, so it is checked here, once for all."""
    run_in(FOLDER / "vendor" / "modelserve", *command)


def test_workflows_of_the_template_are_sound() -> None:
    """The template keeps to what it preaches."""
    check_github_folder(TEMPLATE)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "hooks", "tests"), id="ruff"),
        pytest.param(("ruff", "format", "--check", "hooks", "tests"), id="format"),
        pytest.param(
            ("pylint", "hooks", "tests", "tests/benchmarks"), id="pylint", marks=pytest.mark.slow
        ),
        pytest.param(("shellcheck", ".ci/run"), id="shellcheck"),
    ],
)
def test_the_template_is_clean(command: tuple[str, ...]) -> None:
    """Hooks and tests are code like any other."""
    run_in(TEMPLATE, *command)
