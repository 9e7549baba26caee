"""What is baked, and what bakes it, is clean by the tools that its readers use."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.bakery import (
    CHOICES,
    TEMPLATE,
    BakedProject,
    combinations,
    name_of,
    tool_environment,
)

ACTION = ("check-jsonschema", "--builtin-schema", "vendor.github-actions")
WORKFLOW = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
DEPENDABOT = ("check-jsonschema", "--builtin-schema", "vendor.dependabot")


def run(folder: Path, *command: str, given: str = "") -> None:
    """Run a tool, and show what it says when it is not content."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=tool_environment(),
        check=False,
        input=given,
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"


def check_github_folder(folder: Path) -> None:
    """Check a repository's workflows, its actions, their scripts, and its dependabot.yml."""
    workflows = sorted(str(path) for path in (folder / ".github" / "workflows").iterdir())
    run(folder, *WORKFLOW, *workflows)
    run(folder, "actionlint", *workflows)
    run(folder, "zizmor", "--offline", "--pedantic", "--quiet", "--no-config", ".github")
    run(folder, *DEPENDABOT, ".github/dependabot.yml")
    for script in sorted((folder / ".github").rglob("*.sh")):
        run(folder, "shellcheck", str(script))
    for action in sorted((folder / ".github" / "actions").glob("*/action.yml")):
        run(folder, *ACTION, str(action))
        for step in yaml.safe_load(action.read_text(encoding="utf-8"))["runs"]["steps"]:
            if "run" in step:  # actionlint leaves the lines of an action to its author
                run(folder, "shellcheck", f"--shell={step['shell']}", "-", given=step["run"])


def test_a_project_is_formatted_and_passes_its_linter(project: BakedProject) -> None:
    """By the project's own settings."""
    run(project.path, "ruff", "check", "--no-cache", ".")
    run(project.path, "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.parametrize("model", CHOICES["model"])
def test_a_long_name_breaks_no_line(bake, model: str) -> None:
    """A project named as long as may be is as well formatted as iris-classifier."""
    project = bake(model=model, project_slug="a-name-that-is-as-long-as-a-slug-may-be-and-no-mo")
    run(project.path, "ruff", "check", "--no-cache", ".")
    run(project.path, "ruff", "format", "--no-cache", "--check", ".")


def test_workflows_of_a_project_are_sound(project: BakedProject, tmp_path: Path) -> None:
    """By their schema, by actionlint, and by zizmor at its most pedantic."""
    shutil.copytree(project.path / ".github", tmp_path / ".github")
    (tmp_path / ".git").mkdir()  # actionlint looks into a repository's own actions, but no folder's
    check_github_folder(tmp_path)


def test_scripts_of_a_projects_workflows_are_sound(shared_bake) -> None:
    """By the project's own settings, to which its formatting is held above."""
    run(shared_bake(name_of(combinations()[0])).path, "pylint", ".github/scripts")


def test_workflows_of_the_template_are_sound() -> None:
    """The template keeps to what it preaches."""
    check_github_folder(TEMPLATE)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "hooks", "tests"), id="ruff"),
        pytest.param(("ruff", "format", "--check", "hooks", "tests"), id="format"),
        pytest.param(("pylint", "hooks", "tests", "tests/benchmarks"), id="pylint"),
        pytest.param(("shellcheck", ".ci/run"), id="shellcheck"),
    ],
)
def test_the_template_is_clean(command: tuple[str, ...]) -> None:
    """Hooks and tests are code like any other."""
    run(TEMPLATE, *command)
