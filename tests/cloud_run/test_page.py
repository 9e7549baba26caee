"""The page on deploying: each of its commands is one, and what it names is there."""

import re
import string
from collections.abc import Callable

import pytest
import yaml

from tests.bakery import LIBRARY, BakedProject
from tests.cloud_run.conftest import VARIABLES

COMMAND = re.compile(r"^\$ (?:export .*|(.*))$", re.M)


@pytest.fixture
def page(baked: BakedProject) -> str:
    """Return the page."""
    return baked.read("docs/deploy.md")


def commands(page: str, program: str) -> list[str]:
    """Return the page's commands of a program, as a shell with all variables would run them."""
    variables = VARIABLES | {"GCP_BILLING_ACCOUNT": "0-1-2", "IMAGE": "registry.test/service"}
    found = (string.Template(line).safe_substitute(variables) for line in COMMAND.findall(page))
    plain = (line.partition(" | ")[0].partition(" > ")[0].replace('"', "") for line in found)
    return [line for line in plain if line.startswith(f"{program} ")]


def test_every_command_of_google_s_is_one(
    page: str, lint: Callable[[list[str]], list[str]]
) -> None:
    """With its flags, by the client's own parser."""
    found = commands(page, "gcloud")
    assert len(found) > 20
    assert lint(found) == []


def test_commands_that_make_or_end_something_name_their_project(page: str) -> None:
    """What is configured on a machine may be another one."""
    without = [
        each
        for each in commands(page, "gcloud")
        if not re.match(r"gcloud (auth|billing|projects|storage) ", each)
        and "--project=" not in each
    ]
    assert without == []


def test_commands_of_the_project_are_its_own(page: str, baked: BakedProject) -> None:
    """As the library defines them."""
    found = commands(page, f".venv/bin/{baked.slug}")
    folder = LIBRARY / "src" / "modelserve" / "commands"
    modules = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    defined = re.findall(r"^@app\.command\(.*\)\ndef (\w+)", modules, re.M)
    assert {line.split()[1] for line in found} == {"key", "golden"}
    assert {"key", "golden"} <= set(defined)


def test_a_rollback_is_asked_for_as_the_workflow_takes_it(page: str, baked: BakedProject) -> None:
    """By the name of its input."""
    plan = yaml.safe_load(baked.read(".github/workflows/deploy.yml"))
    (asked,) = commands(page, "gh workflow run deploy.yml")
    (name,) = re.findall(r"-f (\w+)=", asked)
    assert name in plan[True]["workflow_dispatch"]["inputs"]  # YAML reads the word `on` as true


def test_every_role_that_is_given_is_explained(page: str, baked: BakedProject) -> None:
    """And none is explained that is not given."""
    given = set(re.findall(r"roles/([\w.]+)", baked.read("deploy/set-up.sh")))
    section = page.split("\n## Permissions\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    told = {role for line in table for role in re.findall(r"`([\w.]+)`", line.split("|")[2])}
    assert told == given


def test_what_the_page_says_of_the_bucket_is_so(page: str, baked: BakedProject) -> None:
    """Its lifecycle, and the age of a file."""
    (days,) = re.findall(r"Records go after (\d+) days", page)
    assert f'"age": {days}' in baked.read("deploy/lifecycle.json")
    (age_s,) = re.findall(r"`CAPTURE_FILE_AGE_S`, (\d+) s", page)
    assert f'name: CAPTURE_FILE_AGE_S\n              value: "{age_s}"' in baked.read(
        "deploy/service.yaml"
    )
