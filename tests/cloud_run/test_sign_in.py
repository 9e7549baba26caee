"""Signing in: the action's own lines, and what they leave for the action that attests an image."""

import json
import os

import pytest

from tests.cloud_run.conftest import VARIABLES, Runner
from tests.cluster.actions import Done, run_action
from tests.workflows import docker_config
from tests.workflows.attest_client import AttestClient

REGISTRY = "europe-west1-docker.pkg.dev"
IMAGE = f"{REGISTRY}/a-project/iris-classifier/service"


def sign_in(runner: Runner) -> Done:
    """Run the action's own lines with programs that write docker's configuration."""
    for program in ("docker", "gcloud"):
        docker_config.install(runner.programs / program)
    environment = runner.environment | {
        "GITHUB_ENV": str(runner.folder / "env"),
        "HOME": str(runner.folder),
        "PATH": f"{runner.programs}{os.pathsep}{os.environ['PATH']}",
    }
    return run_action(runner.project, "sign-in", {"variables": json.dumps(VARIABLES)}, environment)


@pytest.mark.parametrize("configured", ["fresh", "helper"])
def test_the_action_that_attests_finds_the_registrys_password(
    rehearsal: Runner, attest_client: AttestClient, configured: str
) -> None:
    """Also on a machine where an earlier run has configured the helper of gcloud's."""
    folder = rehearsal.folder / ".docker"
    folder.mkdir()
    if configured == "helper":
        helper = {"credHelpers": {REGISTRY: "gcloud"}}
        (folder / "config.json").write_text(json.dumps(helper), encoding="utf-8")
    done = sign_in(rehearsal)
    assert done.passed, done.log
    token = docker_config.TOKEN
    assert attest_client.credentials(rehearsal.folder, IMAGE) == ("oauth2accesstoken", token)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert list(config) == ["auths"]
    assert f"\n{IMAGE}\n" in rehearsal.outputs.read_text(encoding="utf-8")


def test_the_token_is_neither_shown_nor_on_a_command_line(rehearsal: Runner) -> None:
    """It goes through standard input."""
    done = sign_in(rehearsal)
    assert docker_config.TOKEN not in done.log
    (call,) = rehearsal.calls_with_input("docker")
    assert call["input"] == docker_config.TOKEN
    assert not [each for each in rehearsal.calls() if docker_config.TOKEN in " ".join(each)]


def test_a_registry_that_rejects_the_token_ends_the_step(rehearsal: Runner) -> None:
    """With docker's exit code; so does a token that Google does not give."""
    rehearsal.stand_in("docker")
    rehearsal.reply("gcloud", "auth", says="a-token\n")
    rehearsal.reply("docker", "login", exit=5)
    assert rehearsal.deploy("docker-login").returncode == 5
    rehearsal.replies.insert(0, {"call": ("gcloud", "auth"), "exit": 1})
    done = rehearsal.deploy("docker-login")
    assert done.returncode == 1
    assert "GcloudError: auth print-access-token" in done.stderr
    assert len(rehearsal.calls("docker")) == 1


def test_the_real_client_prints_the_token_that_docker_is_given(real: Runner) -> None:
    """And nothing else."""
    real.stand_in("docker")
    done = real.deploy("docker-login")
    assert done.returncode == 0, done.stderr
    (call,) = real.calls_with_input("docker")
    user = "--username=oauth2accesstoken"
    assert call["call"] == ["docker", "login", user, "--password-stdin", REGISTRY]
    assert call["input"] == real.environment["CLOUDSDK_AUTH_ACCESS_TOKEN"]
