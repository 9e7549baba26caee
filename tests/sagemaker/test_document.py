"""docs/deploy.md: what it tells a reader to type is known, and named as it is made."""

import re
import shlex

import boto3
import pytest
from botocore import xform_name

from tests.bakery import BakedProject

# What the command line adds to the services' own operations, with the options that are used.
ADDED = {
    ("cloudformation", "deploy"): {
        *("--stack-name", "--template-file", "--capabilities", "--parameter-overrides")
    },
    ("cloudformation", "wait"): {"--stack-name"},
    ("s3", "ls"): {"--recursive"},
    ("s3", "cp"): {"--recursive"},
    ("s3", "rb"): {"--force"},
}
TARGET = "vendor/modelserve/src/modelserve/deploy/targets/sagemaker"
EVERYWHERE = {"--query", "--output"}


def commands(text: str) -> list[list[str]]:
    """Return the words of each command of the `aws` client in a document."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [re.search(r"(?:^\$ |\$\()(aws .*?)\)?$", line) for line in lines]
    return [shlex.split(each[1], comments=True) for each in found if each]


def test_each_command_is_one_that_the_client_knows(project: BakedProject) -> None:
    """Its operation and its options."""
    found = commands(project.read("docs/deploy.md"))
    assert len(found) >= 18
    for _, service, operation, *words in found:
        given = {word for word in words if word.startswith("--")} - EVERYWHERE
        known = ADDED.get((service, operation))
        if known is None:
            model = boto3.client(service, region_name="eu-west-1").meta.service_model
            names = {xform_name(name, "-"): name for name in model.operation_names}
            assert operation in names, f"aws {service} {operation}"
            members = model.operation_model(names[operation]).input_shape
            known = {f"--{xform_name(name, '-')}" for name in getattr(members, "members", {})}
        assert given <= known, f"aws {service} {operation}: {given - known}"


@pytest.mark.parametrize("template", ["bootstrap.yaml", "service.yaml"])
def test_stacks_are_called_what_the_scripts_call_them(project: BakedProject, template: str) -> None:
    """And the parameters and files that are named are there."""
    text = project.read("docs/deploy.md")
    for module in ("aws.py", "service_stack.py"):
        assert "workflow.project_name()" in project.read(f"{TARGET}/{module}")
    assert "--stack-name iris-classifier-bootstrap" in text
    assert f"deploy/{template}" in text
    written = project.read(f"deploy/{template}")
    parameters = re.findall(r"\b(Repository|Email|GitHubProvider)=", text)
    if template == "bootstrap.yaml":
        assert all(f"\n  {name}:\n" in written for name in parameters)


def test_each_setting_is_one_that_the_target_reads(project: BakedProject) -> None:
    """And the other way round."""
    told = set(re.findall(r"SAGEMAKER_\w+", project.read("docs/deploy.md")))
    assert told == set(re.findall(r"SAGEMAKER_\w+", project.read(f"{TARGET}/service_stack.py")))


def test_secrets_are_where_the_function_looks(project: BakedProject) -> None:
    """By the names that its code has, below the folder that its template says."""
    code, text = project.read(f"{TARGET}/alarm_function.py"), project.read("docs/deploy.md")
    for name in ("webhook-url", "github-token"):
        assert f'"{name}"' in code
        assert f"--name /iris-classifier/{name}" in text
    assert "PARAMETERS: /iris-classifier\n" in project.read("deploy/service.yaml")
