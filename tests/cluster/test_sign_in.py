"""Signing in without a key: GitHub's token, a configuration without a secret, the real kubectl."""

import base64
import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest

from tests.bakery import BakedProject
from tests.cluster.actions import run_action
from tests.cluster.api_server import Server, running
from tests.cluster.issuer import Issuer
from tests.workflows import docker_config
from tests.workflows.attest_client import AttestClient

TARGET = "vendor/modelserve/src/modelserve/deploy/targets/kubernetes"
LOGIN = ("docker", "login")


def sign_in(
    service: BakedProject, job: dict[str, str], *, token: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the action's command."""
    return subprocess.run(
        [sys.executable, "-m", "modelserve.deploy", "sign-in"],
        cwd=service.path,
        env=job | {"VARIABLES": json.dumps(variables), "TOKEN": token},
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_configuration_holds_no_secret_and_is_the_users_alone(
    service: BakedProject, job: dict[str, str], issuer: Issuer, tmp_path: Path
) -> None:
    """It names the program that asks for a token; the one that was tried is masked, and gone."""
    done = sign_in(service, job, KUBE_SERVER="https://cluster.example", KUBE_CA="-- PEM --")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"::add-mask::{issuer.given[0]}\n"

    path = tmp_path / "kubeconfig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "env").read_text(encoding="utf-8") == f"KUBECONFIG={path}\n"
    text = path.read_text(encoding="utf-8")
    assert issuer.given[0] not in text
    assert "of-this-job" not in text
    config = json.loads(text)
    authority = base64.b64encode(b"-- PEM --").decode()
    (cluster,) = config["clusters"]
    assert cluster["cluster"] == {
        "server": "https://cluster.example",
        "certificate-authority-data": authority,
    }


def test_signing_in_twice_leaves_one_configuration(
    service: BakedProject, job: dict[str, str], tmp_path: Path
) -> None:
    """The second one counts, whatever the first one's file let others do."""
    sign_in(service, job, KUBE_SERVER="https://old.example")
    (tmp_path / "kubeconfig").chmod(0o666)
    assert sign_in(service, job, KUBE_SERVER="https://new.example").returncode == 0
    assert "new.example" in (tmp_path / "kubeconfig").read_text(encoding="utf-8")
    assert stat.S_IMODE((tmp_path / "kubeconfig").stat().st_mode) == 0o600


@pytest.mark.parametrize("server", ["", "http://cluster.example"])
def test_a_cluster_that_would_hear_the_token_in_clear_is_refused(
    service: BakedProject, job: dict[str, str], issuer: Issuer, server: str
) -> None:
    """Before GitHub is asked for one."""
    done = sign_in(service, job, KUBE_SERVER=server)
    assert done.returncode == 2
    assert done.stdout.startswith("::error::The repository variable KUBE_SERVER is no https://")
    assert issuer.given == []


def test_a_job_that_may_have_no_token_is_told_which_permission_it_lacks(
    service: BakedProject, job: dict[str, str]
) -> None:
    """Instead of an answer of the cluster's that it knows nobody."""
    del job["ACTIONS_ID_TOKEN_REQUEST_URL"]
    done = sign_in(service, job, KUBE_SERVER="https://cluster.example")
    assert done.returncode == 1
    assert "id-token: write" in done.stderr


def test_the_token_is_renewed_before_it_expires(
    service: BakedProject, job: dict[str, str], issuer: Issuer
) -> None:
    """The expiry for kubectl is half a minute before the token's own."""
    done = subprocess.run(
        [sys.executable, service.path / TARGET / "cluster_token.py"],
        env=job | {"KUBE_AUDIENCE": "https://my cluster/&x=1"},
        check=True,
        capture_output=True,
        text=True,
    )
    status = json.loads(done.stdout)["status"]
    assert status == {"token": issuer.given[0], "expirationTimestamp": "2030-01-31T09:09:30Z"}
    assert issuer.audiences == ["https://my cluster/&x=1"]


def test_kubectl_signs_in_by_a_fresh_token_each_time(
    service: BakedProject, job: dict[str, str], issuer: Issuer, kubectl: str, tmp_path: Path
) -> None:
    """Over TLS, by the authority that a variable names; every step of the action is run."""
    assert kubectl
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=cluster", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    server = Server()
    server.secure(str(certificate), str(key))
    with running(server):
        variables = {"KUBE_SERVER": server.url, "KUBE_AUDIENCE": "ours"}
        variables["KUBE_CA"] = certificate.read_text(encoding="utf-8")
        inputs = {"variables": json.dumps(variables), "token": "ghs_token"}
        for _ in range(2):
            done = run_action(service.path, "sign-in", inputs, job)
            assert done.passed, done.log
            assert "github:someone" in done.log
    assert server.tokens == {f"Bearer {each}" for each in issuer.given[1::2]}
    assert len(issuer.given) == 4  # of each two, one was only to see whether there are any
    assert set(issuer.audiences) == {"ours"}


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        pytest.param(
            "ghs_token",
            [([*LOGIN, "--username=token", "--password-stdin", "ghcr.io"], "ghs_token")],
            id="to-push",
        ),
        pytest.param("", [], id="nothing-to-push"),
    ],
)
def test_the_image_is_named_and_its_registry_is_signed_in_to(
    service: BakedProject, job: dict[str, str], tmp_path: Path, given: str, calls: list[tuple]
) -> None:
    """The token goes through standard input: a command line could be read by every process."""
    done = sign_in(service, job, token=given, KUBE_SERVER="https://cluster.example")
    assert done.returncode == 0, done.stdout + done.stderr
    output = (tmp_path / "output").read_text(encoding="utf-8")
    assert re.findall(r"^(\w+)<<(.+)\n(.*)\n\2$", output, re.M) == [
        ("image", ANY, "ghcr.io/octo-org/iris"),
        ("stage", ANY, "runtime"),
    ]
    path = tmp_path / "calls.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    seen = [json.loads(line) for line in lines]
    assert [(each["call"], each["input"]) for each in seen] == calls


def test_the_action_that_attests_finds_the_registrys_password(
    service: BakedProject, job: dict[str, str], attest_client: AttestClient, tmp_path: Path
) -> None:
    """In the configuration that the action's own line leaves."""
    docker_config.install(tmp_path / "programs" / "docker")
    done = sign_in(service, job, token="ghs_token", KUBE_SERVER="https://cluster.example")
    assert done.returncode == 0, done.stderr
    found = attest_client.credentials(tmp_path, "ghcr.io/octo-org/iris")
    assert found == ("token", "ghs_token")


def test_a_registry_that_takes_no_token_ends_no_job(
    service: BakedProject, job: dict[str, str], tmp_path: Path
) -> None:
    """Most jobs push nothing; the one that does fails when it pushes."""
    refused = [{"call": ["docker"], "exit": 1}]
    (tmp_path / "replies.json").write_text(json.dumps(refused), encoding="utf-8")
    done = sign_in(service, job, token="ghs_token", KUBE_SERVER="https://cluster.example")
    assert (done.returncode, "it cannot push images" in done.stdout) == (0, True)
