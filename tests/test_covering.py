"""A baked project installs, passes its own CI, trains, serves and stops: the slow part."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.bakery import (
    CHOICES,
    TEMPLATE,
    BakedProject,
    bake_into,
    name_of,
    tool_environment,
)
from tests.covering import PROJECTS, is_first_of_its_framework
from tests.pythons import find_python

pytestmark = [
    pytest.mark.covering,
    pytest.mark.skipif(sys.platform == "win32", reason="steps run in bash, services get SIGTERM"),
]

STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 10


@pytest.fixture(scope="module", params=PROJECTS, ids=name_of)
def project(request, tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a project with an accented name and a slug of its own."""
    names = {"project_name": "Modèle d'été", "project_slug": "summer-model"}
    return bake_into(tmp_path_factory.mktemp("covering") / "output", request.param | names)


def steps_of(workflow: str, *, without: Collection[str] = ()) -> list[tuple[str, dict]]:
    """Return each `run:` line of a workflow's jobs but some, in order, with its environment."""
    plan = yaml.safe_load(workflow)
    return [
        (step["run"], plan.get("env", {}) | job.get("env", {}) | step.get("env", {}))
        for name, job in plan["jobs"].items()
        if name not in without
        for step in job["steps"]
        if "run" in step
    ]


@pytest.fixture(scope="module")
def after_ci(project: BakedProject) -> BakedProject:
    """Run every step of the project's own CI in order, on its own Python; return the project.

    The newest releases, the image and its SBOM depend on the framework's locks: its first project
    makes them. tests/image builds those of a regressor and of a target with a stage of its own.
    """
    skipped = () if is_first_of_its_framework(project.answers) else ("image", "newest")
    steps = steps_of(project.read(".github/workflows/ci.yml"), without=skipped)
    assert steps
    python = find_python(project.answers["python_version"]) or sys.executable
    for line, environment in steps:
        assert "${{" not in line, f"{line!r} cannot be run by hand"
        variables = {name: str(value) for name, value in environment.items()}
        variables |= {"CI": "true", "UV_PYTHON": python}
        done = project.run("bash", "-euo", "pipefail", "-c", line, **variables)
        assert done.returncode == 0, f"{line}\n{done.stdout}"
    return project


def test_every_step_of_its_ci_passes(after_ci: BakedProject) -> None:
    """Among them its linters, its types, its tests with coverage, and its training."""
    assert (after_ci.path / "model" / "manifest.json").is_file()


def test_its_retraining_trains_and_tests_a_candidate(after_ci: BakedProject) -> None:
    """The steps with arguments of their own; tests/workflows/ runs all others."""
    lines = [line for line, _ in steps_of(after_ci.read(".github/workflows/retrain.yml"))]
    own = [line for line in lines if "nox" in line and " -- " in line]
    assert [re.search(r"-s (\w+)", line)[1] for line in own] == ["train", "tests"]
    if not is_first_of_its_framework(after_ci.answers):
        pytest.skip("another project of this framework does so")
    for line in own:
        done = after_ci.run("bash", "-euo", "pipefail", "-c", line, CI="true")
        assert done.returncode == 0, f"{line}\n{done.stdout}"
    assert "passed" in done.stdout


def test_ci_leaves_nothing_that_git_would_add(after_ci: BakedProject, tmp_path: Path) -> None:
    """What a run makes is ignored: no artifact, no lock of a machine, no cache."""
    if not shutil.which("git"):
        pytest.skip("there is no git here")
    git = ("git", f"--git-dir={tmp_path / 'git'}", "--work-tree=.")
    assert after_ci.run(*git, "init", "--quiet").returncode == 0
    seen = after_ci.run(*git, "ls-files", "--others", "--exclude-standard").stdout.split()
    asked = {question: after_ci.answers[question] for question in (*CHOICES, "project_slug")}
    fresh = bake_into(tmp_path / "fresh", asked)
    assert set(seen) <= set(fresh.files())


def test_no_package_may_hide_what_is_installed(after_ci: BakedProject) -> None:
    """Every name that can be imported from the environment is refused as a package's name."""
    script = "import importlib.metadata as m; print(*m.packages_distributions())"
    names = after_ci.run(".venv/bin/python", "-c", script).stdout.lower().split()
    hook = (TEMPLATE / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    refused = set(re.search(r'DEPENDENCIES = """(.*?)"""', hook, re.S)[1].split())
    could_be_slugs = {name for name in names if re.fullmatch(r"[a-z](_?[a-z0-9])*", name)}
    assert could_be_slugs - {after_ci.package} <= refused


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answer(url: str, body: dict | None = None) -> dict:
    """Get a resource, or post JSON to it; return the JSON that comes back."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@contextmanager
def serving(project: BakedProject) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run the service as a process; yield its address and the process once it is ready."""
    port = free_port()
    command = [f".venv/bin/{project.slug}", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=project.path, env=tool_environment())
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                answer(f"http://127.0.0.1:{port}/health/ready")
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, f"the service ended with {process.returncode}"
                assert time.monotonic() < deadline, "the service is not ready"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def numbers_of(prediction: dict) -> list[float]:
    """Return what a model computed: a classifier's probabilities, or a regressor's value."""
    if "value" in prediction:
        return [prediction["value"]]
    return list(prediction["probabilities"].values())


def test_the_service_predicts_and_stops_when_told(after_ci: BakedProject) -> None:
    """A process of its own, a prediction over HTTP, SIGTERM, exit code 0."""
    golden = json.loads(after_ci.read("model/golden.json"))
    with serving(after_ci) as (url, process):
        answered = answer(f"{url}/predict", {"instances": [case["input"] for case in golden]})
        assert answered["degraded"] is False
        for prediction, case in zip(answered["predictions"], golden, strict=True):
            assert numbers_of(prediction) == pytest.approx(case["output"], abs=1e-4)

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=STOPS_WITHIN_S) == 0
