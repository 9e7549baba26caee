"""Fixtures: Amazon's services as moto plays them, an account in it, and the library's target."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError
from urllib.request import Request, urlopen

import boto3
import pytest

from tests.bakery import BakedProject
from tests.sagemaker.account import Account
from tests.workflows.attest_client import AttestClient

SERVER = Path(__file__).with_name("moto_server.py")
STARTS_WITHIN_S = 60
PACKAGE = "modelserve.deploy.targets.sagemaker"
MODULES = (
    *("aws", "canary_endpoint", "captures", "endpoint", "endpoint_proxy"),
    *("service_stack", "sign_in", "target"),
)


@pytest.fixture(scope="session")
def project(shared_bake: Callable[[str], BakedProject]) -> BakedProject:
    """Return the worked example: XGBoost on iris, for SageMaker."""
    return shared_bake("xgboost-classifier--sagemaker")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Return the address of a server that plays all of Amazon's services."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    words = [sys.executable, str(SERVER), "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not answers(f"{url}/moto-api/"):
            assert process.poll() is None, "moto's server has ended"
            assert time.monotonic() < deadline, "moto's server is not ready"
            time.sleep(0.1)
        yield url
        process.terminate()


def answers(url: str) -> bool:
    """Tell whether somebody answers."""
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, OSError):
        return False


@pytest.fixture
def cloud(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the server's address, with nothing in it, and have each client go there."""
    with urlopen(Request(f"{server}/moto-api/reset", method="POST"), timeout=10):
        pass
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    boto3.DEFAULT_SESSION = None
    return server


@pytest.fixture
def modules(project: BakedProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Return the library's modules for SageMaker in a project, with new clients and short waits."""
    monkeypatch.chdir(project.path)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.setenv("VARIABLES", "{}")
    loaded = SimpleNamespace(**{name: import_module(f"{PACKAGE}.{name}") for name in MODULES})
    monkeypatch.setattr(loaded.aws, "POLL_INTERVAL_S", 0.01)
    forget_clients = loaded.aws.client.cache_clear  # a test may replace `client`
    forget_clients()
    yield loaded
    forget_clients()


@pytest.fixture
def account(cloud: str, project: BakedProject) -> Account:
    """Return an account that was set up by the bootstrap stack."""
    return Account(project, cloud)


@pytest.fixture(scope="session")
def attest_client(tmp_path_factory: pytest.TempPathFactory) -> AttestClient:
    """Return the registry client of the action that attests an image."""
    return AttestClient(tmp_path_factory.getbasetemp() / "attest-client")
