"""Signing in: what the action's own line leaves for the action that attests an image, and where
the registry keeps attestations.
"""

import os
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import boto3
import pytest

from tests.bakery import BakedProject
from tests.cluster.actions import run_action
from tests.loopback import running
from tests.sagemaker.account import Account
from tests.sagemaker.formation import Template
from tests.workflows import docker_config
from tests.workflows.attest_client import AttestClient
from tests.workflows.oci_registry import PASSWORD, USER, Registry


def test_the_action_that_attests_finds_the_registrys_password(
    project: BakedProject, account: Account, attest_client: AttestClient, tmp_path: Path
) -> None:
    """It is the one that ECR gives for twelve hours."""
    programs = tmp_path / "programs"
    docker_config.install(programs / "docker")
    python = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        "GITHUB_ENV": str(tmp_path / "env"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "HOME": str(tmp_path),
        "PATH": os.pathsep.join([str(programs), str(python), os.environ["PATH"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "STAND_INS": str(tmp_path),
    }
    done = run_action(project.path, "sign-in", {"variables": "{}"}, environment)
    assert done.passed, done.log
    given = boto3.client("ecr").get_authorization_token()["authorizationData"][0]
    user, password = attest_client.credentials(tmp_path, account.given["Registry"])
    assert user == "AWS"
    assert password
    assert password not in done.log
    assert given["proxyEndpoint"].endswith(account.given["Registry"].partition("/")[0])


@pytest.fixture
def registry(project: BakedProject) -> Iterator[Registry]:
    """Return a registry in which the tags stay that stay in the template's."""
    images = Template(project, "bootstrap.yaml").resources("AWS::ECR::Repository")["Images"]
    assert images["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    moving = [
        each["ImageTagMutabilityExclusionFilterValue"]
        for each in images["ImageTagMutabilityExclusionFilters"]
    ]
    server = Registry(lambda tag: any(fnmatch(tag, pattern) for pattern in moving))
    with running(server):
        yield server


def test_both_attestations_are_stored_where_tags_of_images_stay(
    registry: Registry, attest_client: AttestClient, tmp_path: Path
) -> None:
    """Their list is a tag that moves; it is the only one."""
    docker_config.configure(tmp_path, registry.host, USER, PASSWORD)
    stored = attest_client.attest(tmp_path, registry.push(), "the provenance", "the SBOM")
    assert len(set(stored["stored"])) == 2
    commit = "c0ffee" * 6 + "c0ff"
    assert not registry.may_move(f"{commit}-123-1")


def test_a_registry_in_which_no_tag_moves_takes_one_attestation_only(
    attest_client: AttestClient, tmp_path: Path
) -> None:
    """The reason for the exception."""
    registry = Registry(lambda _: False)
    with running(registry):
        docker_config.configure(tmp_path, registry.host, USER, PASSWORD)
        done = attest_client.try_to_attest(tmp_path, registry.push(), "the provenance", "the SBOM")
    assert done.returncode == 1
    assert "Error uploading artifact" in done.stderr
