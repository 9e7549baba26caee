"""The tutorial's commands that need an account: each is one that Google's client knows."""

from collections.abc import Callable

from tests.bakery import TEMPLATE, BakedProject
from tests.cloud_run.conftest import VARIABLES
from tests.cloud_run.test_page import commands
from tests.test_tutorials import ELSEWHERE, commands_of, steps_of

PAGE = (TEMPLATE / "docs" / "tutorials" / "notebook-to-cloud-run.md").read_text(encoding="utf-8")


def test_every_command_of_the_tutorial_is_one_of_google_s(
    lint: Callable[[list[str]], list[str]],
) -> None:
    """With its flags, by the client's own parser; the page has no other section of its kind."""
    steps = [step for step in steps_of(PAGE) if step.heading.endswith(ELSEWHERE)]
    typed = [command for step in steps for command, _ in commands_of(step.text)]
    found = commands(PAGE, "gcloud")
    assert VARIABLES["GCP_PROJECT"] in " ".join(found)
    assert len(found) == sum(command.startswith("gcloud ") for command in typed) == 4
    assert lint(found) == []


def test_what_the_tutorial_runs_of_the_project_is_there(baked: BakedProject) -> None:
    """The script, and the page that it refers to."""
    assert "deploy/set-up.sh" in PAGE
    assert (baked.path / "deploy" / "set-up.sh").is_file()
    assert (baked.path / "docs" / "deploy.md").is_file()
