"""What is baked, and what bakes it, is clean by the tools that its readers use."""

import subprocess
from pathlib import Path

import pytest

from tests.bakery import CHOICES, TEMPLATE, BakedProject, tool_environment

WORKFLOW = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
DEPENDABOT = ("check-jsonschema", "--builtin-schema", "vendor.dependabot")


def run(folder: Path, *command: str) -> None:
    """Run a tool, and show what it says when it is not content."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=tool_environment(),
        check=False,
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"


def check_github_folder(folder: Path) -> None:
    """Check a repository's workflows and its dependabot.yml."""
    workflows = sorted(str(path) for path in (folder / ".github" / "workflows").iterdir())
    run(folder, *WORKFLOW, *workflows)
    run(folder, "actionlint", *workflows)
    run(folder, "zizmor", "--offline", "--pedantic", "--quiet", "--no-config", ".github")
    run(folder, *DEPENDABOT, ".github/dependabot.yml")


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


def test_workflows_of_a_project_are_sound(project: BakedProject) -> None:
    """By their schema, by actionlint, and by zizmor at its most pedantic."""
    check_github_folder(project.path)


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
