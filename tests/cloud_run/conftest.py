"""Fixtures: a project for Cloud Run, Google's command line or a stand-in, and a small Google."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bakery import BakedProject, combinations, name_of, tool_environment
from tests.cloud_run.google import PROJECT, REGION, Google
from tests.loopback import running
from tests.workflows import stand_in
from tests.workflows.attest_client import AttestClient

VARIABLES = {
    "GCP_PROJECT": PROJECT,
    "GCP_REGION": REGION,
    "GCP_WORKLOAD_IDENTITY_PROVIDER": "projects/1/locations/global/…/providers/github-iris",
    "GCP_SERVICE_ACCOUNT": f"iris-service@{PROJECT}.iam.gserviceaccount.com",
    "GCP_CALLER": f"iris-caller@{PROJECT}.iam.gserviceaccount.com",
    "GCP_BUCKET": "iris-1",
}
IMPORT = "from modelserve.deploy.targets.cloud_run import captures, gcloud, target, traffic"
LONG_SLUG = "a-name-that-is-as-long-as-a-slug-may-be-and-no-mo"


class Runner:
    """Runs the library in a project, with a `gcloud` that is real or a stand-in.

    Args:
        project: where it runs.
        folder: for what the stand-ins write down.
        environment: what it finds besides.
    """

    def __init__(self, project: Path, folder: Path, environment: dict[str, str]) -> None:
        """Make the files that a step writes to."""
        self.project = project
        self.folder = folder
        self.variables = dict(VARIABLES)
        self.replies: list[dict] = []
        self.programs = folder / "programs"
        self.programs.mkdir(parents=True)
        self.outputs = folder / "outputs"
        self.outputs.touch()
        self.environment = environment | {
            "GITHUB_OUTPUT": str(self.outputs),
            "STAND_INS": str(folder),
            "PYTHONPATH": str(project / "vendor" / "modelserve" / "src"),
            "DEPLOY_TARGET": "cloud-run",
            "PYTHONDONTWRITEBYTECODE": "1",  # other tests read this project
        }

    def stand_in(self, program: str) -> None:
        """Put a stand-in where a program is looked for."""
        stand_in.install(self.programs / program)

    def reply(self, *call: str, **reply: Any) -> None:
        """Say what a stand-in does when it is called with these words; the first one counts."""
        self.replies.append({"call": call} | reply)

    def calls(self, *words: str) -> list[list[str]]:
        """Return the stand-ins' calls that begin with these words."""
        return [each["call"] for each in self.calls_with_input(*words)]

    def calls_with_input(self, *words: str) -> list[dict]:
        """Return the same, each with what it was given to read."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        calls = [json.loads(line) for line in lines]
        return [each for each in calls if each["call"][: len(words)] == list(words)]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project."""
        (self.folder / "replies.json").write_text(json.dumps(self.replies), encoding="utf-8")
        tools = tool_environment()
        return subprocess.run(
            command,
            cwd=self.project,
            env={
                **{name: value for name, value in tools.items() if "CLOUDSDK" not in name},
                "PATH": f"{self.programs}{os.pathsep}{tools['PATH']}",
                "VARIABLES": json.dumps(self.variables),
                **self.environment,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ask(self, expression: str) -> Any:
        """Evaluate an expression on the target, and return what comes of it; it must succeed."""
        done = self.try_to(expression)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def try_to(self, expression: str) -> subprocess.CompletedProcess[str]:
        """Evaluate an expression on the target, whatever comes of it."""
        script = f"import json\n{IMPORT}\nprint(json.dumps({expression}))"
        return self.run(sys.executable, "-c", script)

    def deploy(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the library as a workflow does."""
        return self.run(sys.executable, "-m", "modelserve.deploy", command, **environment)


def cloud_run() -> str:
    """Return the name of a combination for Cloud Run."""
    return next(name_of(each) for each in combinations() if each["deploy_target"] == "cloud-run")


@pytest.fixture
def baked(shared_bake: Callable[[str], BakedProject]) -> BakedProject:
    """Return a project for Cloud Run, to read."""
    if sys.platform == "win32":
        pytest.skip("its scripts run on Linux")
    return shared_bake(cloud_run())


@pytest.fixture
def long_name(bake: Callable[..., BakedProject]) -> BakedProject:
    """Return a project whose name is as long as may be."""
    return bake(deploy_target="cloud-run", project_slug=LONG_SLUG)


@pytest.fixture
def rehearsal(baked: BakedProject, tmp_path: Path) -> Runner:
    """Return a way to run the library in the project with stand-ins."""
    runner = Runner(baked.path, tmp_path, {})
    runner.stand_in("gcloud")
    return runner


@pytest.fixture
def gcloud() -> str:
    """Return where Google's command line is; skip the test where it is not."""
    found = shutil.which("gcloud")
    if found is None:
        assert not os.environ.get("REQUIRE_ALL"), "there is no gcloud here"
        pytest.skip("there is no gcloud here")
    return found


@pytest.fixture
def google() -> Iterator[Google]:
    """Return a small Google on this machine."""
    server = Google()
    with running(server):
        yield server


@pytest.fixture
def real(gcloud: str, google: Google, baked: BakedProject, tmp_path: Path) -> Runner:
    """Return a way to run the library with the real `gcloud`, which asks `google`."""
    assert gcloud
    return Runner(baked.path, tmp_path / "real", google.environment(str(tmp_path / "config")))


@pytest.fixture
def lint(gcloud: str, tmp_path: Path) -> Callable[[list[str]], list[str]]:
    """Return a way to what the real parser has against commands, without running one."""

    def complain(commands: list[str]) -> list[str]:
        path = tmp_path / "commands.json"
        path.write_text(json.dumps([{"command_string": each} for each in commands]), "utf-8")
        words = ("meta", "lint-gcloud-commands", f"--commands-file={path}")
        place = {"CLOUDSDK_CONFIG": str(tmp_path / "lint-config")}
        environment = tool_environment() | place
        done = subprocess.run(
            [gcloud, *words], env=environment, capture_output=True, text=True, check=True
        )
        results = json.loads(done.stdout)
        assert len(results) == len(commands)
        return [
            f"{each['command_string']}\n{each['error_message']}"
            for each in results
            if not each["success"]
        ]

    return complain


@pytest.fixture(scope="session")
def attest_client(tmp_path_factory: pytest.TempPathFactory) -> AttestClient:
    """Return the registry client of the action that attests an image."""
    return AttestClient(tmp_path_factory.getbasetemp() / "attest-client")
