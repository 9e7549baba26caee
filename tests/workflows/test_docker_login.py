"""Logging docker in so that the action that attests an image finds the password."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bakery import LIBRARY
from tests.loopback import running
from tests.workflows import docker_config
from tests.workflows.attest_client import AttestClient
from tests.workflows.oci_registry import PASSWORD, USER, Registry

LOGIN = "import sys; from modelserve.deploy import docker; sys.exit(docker.login(*sys.argv[1:]))"


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Return a registry."""
    server = Registry()
    with running(server):
        yield server


@pytest.fixture
def docker() -> str:
    """Return where docker is; skip the test where it is not."""
    found = shutil.which("docker")
    if sys.platform == "win32" or found is None:
        pytest.skip("there is no docker here")
    return found


def config_of(home: Path) -> dict:
    """Return docker's configuration."""
    content: dict = json.loads((home / ".docker" / "config.json").read_text(encoding="utf-8"))
    return content


def configure(home: Path, config: dict) -> None:
    """Write docker's configuration."""
    (home / ".docker").mkdir(parents=True, exist_ok=True)
    (home / ".docker" / "config.json").write_text(json.dumps(config), encoding="utf-8")


def log_in(home: Path, registry: str, program: str) -> None:
    """Log in as the library does, with a docker that has no daemon."""
    environment = {
        "DOCKER_HOST": "unix:///nonexistent",
        "HOME": str(home),
        "PATH": f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(LIBRARY / "src"),
        "STAND_INS": str(home),
    }
    words = (sys.executable, "-c", LOGIN, registry, USER, PASSWORD)
    done = subprocess.run(words, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def before(registry: Registry, case: str) -> dict:
    """Return the configuration that a machine had before the login."""
    other = {"credHelpers": {"elsewhere.example": "theirs"}}
    return {
        "fresh": {},
        "helper": {"credHelpers": {registry.host: "gcloud"}},
        "store": {"credsStore": "desktop"},
        "both": {"credsStore": "desktop", "credHelpers": {registry.host: "gcloud"}},
        "others": other | {"auths": {"other.example": {"auth": "eDp5"}}},
    }[case]


@pytest.mark.parametrize("case", ["fresh", "helper", "store", "both", "others"])
def test_the_action_finds_the_password_whatever_the_machine_was_configured_for(
    registry: Registry, docker: str, attest_client: AttestClient, tmp_path: Path, case: str
) -> None:
    """By the action's own client, in the file that the real docker writes."""
    configured = before(registry, case)
    configure(tmp_path, configured)
    log_in(tmp_path, registry.host, docker)
    assert attest_client.credentials(tmp_path, f"{registry.host}/iris") == (USER, PASSWORD)
    config = config_of(tmp_path)
    assert not config.get("credHelpers", {}).get(registry.host)
    assert config.get("credsStore") == configured.get("credsStore")
    if case == "others":
        assert config["credHelpers"] == configured["credHelpers"]
        assert configured["auths"].items() <= config["auths"].items()


@pytest.mark.parametrize("case", ["fresh", "helper", "store", "others"])
def test_the_stand_in_writes_what_docker_writes(
    registry: Registry, docker: str, tmp_path: Path, case: str
) -> None:
    """Other tests rely on it, for a login to a cloud's registry cannot be run here."""
    stand_in = tmp_path / "programs" / "docker"
    docker_config.install(stand_in)
    for home, program in ((tmp_path / "real", docker), (tmp_path / "fake", str(stand_in))):
        configure(home, before(registry, case))
        log_in(home, registry.host, program)
    assert config_of(tmp_path / "fake") == config_of(tmp_path / "real")


def test_a_helper_of_gcloud_s_hides_the_password_from_the_action(
    attest_client: AttestClient, tmp_path: Path
) -> None:
    """The reason for all of this; a client that reads helpers one day makes it needless."""
    configure(tmp_path, {"credHelpers": {"europe-west1-docker.pkg.dev": "gcloud"}})
    done = attest_client.try_to_attest(tmp_path, "europe-west1-docker.pkg.dev/a/b/service")
    assert done.returncode == 1
    assert "No credentials found for registry europe-west1-docker.pkg.dev" in done.stderr


def test_provenance_and_sbom_are_stored_beside_the_image(
    registry: Registry, attest_client: AttestClient, tmp_path: Path
) -> None:
    """With one login, one after the other; the second one joins the list of the first."""
    docker_config.configure(tmp_path, registry.host, USER, PASSWORD)
    image = registry.push()
    stored = attest_client.attest(tmp_path, image, "the provenance", "the SBOM")["stored"]
    _, content = registry.manifests[image.partition("@")[2].replace(":", "-")]
    assert [each["digest"] for each in json.loads(content)["manifests"]] == stored
    assert len(set(stored)) == 2
