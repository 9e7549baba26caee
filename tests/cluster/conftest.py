"""Fixtures: a project for Kubernetes, its manifests as they are rendered, and a played cluster."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import loopback
from tests.bakery import BakedProject, bake_into
from tests.cluster import stand_in
from tests.cluster.api_server import Server, running
from tests.cluster.issuer import Issuer
from tests.workflows import stand_in as recording_program
from tests.workflows.attest_client import AttestClient

# As long as a slug may be: what holds for it holds for every other.
LONGEST = "a-name-that-is-as-long-as-a-slug-may-be-and-no-mo"
LIBRARY = "vendor/modelserve/src"
IMPORT = "from modelserve.deploy.targets.kubernetes import target\n"
CALL = (
    f"{IMPORT}import json, sys\n"
    "print(json.dumps(getattr(target, sys.argv[1])(*json.loads(sys.argv[2]))))"
)

OLD, NEW, NEXT = (f"ghcr.io/octo-org/iris@sha256:{digit * 64}" for digit in "123")
REACH = (
    f"{IMPORT}import sys, urllib.request\n"
    "with target.reach(sys.argv[1]) as address:\n"
    "    print(urllib.request.urlopen(address.url).read().decode(), repr(address.token))"
)

Object = dict[str, Any]


@pytest.fixture(scope="session")
def kubectl() -> str:
    """Return where kubectl is; where it is not, what needs it is left out, or fails in CI."""
    if sys.platform == "win32":
        pytest.skip("the stand-ins are scripts of a shell")
    found = shutil.which("kubectl")
    if not found:
        assert not os.environ.get("REQUIRE_ALL"), "there is no kubectl here"
        pytest.skip("there is no kubectl here")
    return found


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a project for Kubernetes, to read."""
    answers = {"deploy_target": "kubernetes", "project_slug": LONGEST, "github_owner": "octo-org"}
    return bake_into(tmp_path_factory.mktemp("kubernetes") / "output", answers)


@pytest.fixture(scope="session")
def render(kubectl: str, service: BakedProject) -> Callable[..., list[Object]]:
    """Return a way to a folder's manifests as Kustomize renders them, with components over them."""

    @cache
    def once(folder: str, *components: str) -> list[Object]:
        place = service.path / folder
        if components:
            place = service.path.parent / "-".join(("laid", folder, *components)).replace("/", "-")
            place.mkdir(exist_ok=True)
            plan = {
                "resources": [f"../{service.slug}/{folder}"],
                "components": [f"../{service.slug}/{each}" for each in components],
            }
            (place / "kustomization.yaml").write_text(json.dumps(plan), encoding="utf-8")
        done = subprocess.run(
            [kubectl, "kustomize", place], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr
        return list(yaml.safe_load_all(done.stdout))

    return once


class Cluster:
    """A project, the cluster that it is deployed to, and the library's target.

    Args:
        project: where the library is run.
        server: plays the cluster.
        folder: for what the steps write.
        kubectl: the real one.
    """

    def __init__(self, project: BakedProject, server: Server, folder: Path, kubectl: str) -> None:
        """Tell kubectl where the cluster is."""
        self.project = project
        self.server = server
        self.state = server.state
        self.folder = folder
        self.variables: dict[str, str] = {}
        stand_in.install(folder / "programs" / "kubectl")
        self.environment = {
            "PATH": f"{folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),  # where kubectl caches what it has learnt of a server
            "KUBECONFIG": str(folder / "kubeconfig"),
            "REAL_KUBECTL": kubectl,
            "PYTHONPATH": LIBRARY,
            "DEPLOY_TARGET": "kubernetes",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        here = {"cluster": {"server": server.url}, "name": "here"}
        context = {"context": {"cluster": "here", "user": ""}, "name": "here"}
        config = {"clusters": [here], "contexts": [context], "current-context": "here"}
        text = json.dumps(config | {"apiVersion": "v1", "kind": "Config"})
        (folder / "kubeconfig").write_text(text, encoding="utf-8")

    def python(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the project, as a step does."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.project.path,
            env=self.environment | {"VARIABLES": json.dumps(self.variables)} | environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def call(self, verb: str, *given: object) -> Any:
        """Call a function of target.py, and return what it returns."""
        done = self.python("-c", CALL, verb, json.dumps(given))
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def refused(self, verb: str, *given: object) -> str:
        """Call a function of target.py that must end the step, and return what it says."""
        done = self.python("-c", CALL, verb, json.dumps(given))
        assert done.returncode == 2, done.stdout + done.stderr
        return done.stdout

    @property
    def images(self) -> dict[str, str]:
        """Return what runs: each Deployment's image, by its track."""
        return {
            each["metadata"]["name"].removeprefix(self.project.slug).strip("-") or "stable": each[
                "spec"
            ]["template"]["spec"]["containers"][0]["image"]
            for each in self.state.all("deployments")
        }

    @property
    def asked_tracks(self) -> list[str]:
        """Return the tracks of the pods that the main Service sends requests to, one a pod."""
        selector = self.state.get("services", self.project.slug)["spec"]["selector"].items()
        labels = [pod["metadata"]["labels"] for pod in self.state.all("pods")]
        return sorted(each["track"] for each in labels if selector <= each.items())


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a cluster in which nothing runs."""
    with running(Server()) as server:
        yield server


@pytest.fixture
def cluster(service: BakedProject, server: Server, tmp_path: Path, kubectl: str) -> Cluster:
    """Return a project and a cluster in which nothing runs."""
    return Cluster(service, server, tmp_path, kubectl)


@pytest.fixture(scope="session")
def first(
    service: BakedProject, tmp_path_factory: pytest.TempPathFactory, kubectl: str
) -> Iterator[Cluster]:
    """Return a cluster in which a first revision runs, to read."""
    with running(Server()) as server:
        cluster = Cluster(service, server, tmp_path_factory.mktemp("first"), kubectl)
        assert cluster.call("stage", OLD) == [OLD, ""]
        yield cluster


@pytest.fixture
def deployed(cluster: Cluster, first: Cluster) -> Cluster:
    """Return a cluster of the test's own in which a first revision runs."""
    cluster.state.objects = deepcopy(first.state.objects)
    return cluster


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Return GitHub's issuer."""
    server = Issuer()
    with loopback.running(server):
        yield server


@pytest.fixture
def job(issuer: Issuer, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a step in a job that may have tokens."""
    if sys.platform == "win32":
        pytest.skip("the steps run in bash")
    recording_program.install(tmp_path / "programs" / "docker")
    (tmp_path / "replies.json").write_text("[]", encoding="utf-8")
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{issuer.server_port}/?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-this-job",
        "GITHUB_ENV": str(tmp_path / "env"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_REPOSITORY": "Octo-Org/Iris",
        "IMAGE": "ghcr.io/Octo-Org/Iris",
        "DEPLOY_TARGET": "kubernetes",
        "PYTHONPATH": "vendor/modelserve/src",
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RUNNER_TEMP": str(tmp_path),
        "STAND_INS": str(tmp_path),
    }


@pytest.fixture(scope="session")
def attest_client(tmp_path_factory: pytest.TempPathFactory) -> AttestClient:
    """Return the registry client of the action that attests an image."""
    return AttestClient(tmp_path_factory.getbasetemp() / "attest-client")
