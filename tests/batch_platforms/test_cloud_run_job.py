"""The job on Cloud Run: Google's own client knows each field of its description."""

from collections.abc import Callable
from pathlib import Path
from string import Template

import pytest
import yaml

from tests.bakery import BakedProject
from tests.cloud_run.conftest import VARIABLES, Runner, baked, cloud_run, gcloud, google, real
from tests.cloud_run.google import Google

__all__ = ["baked", "gcloud", "google", "real"]  # fixtures

IMAGE = "europe-west1-docker.pkg.dev/a-project/iris-classifier/service@sha256:" + "0" * 64
PLACEHOLDERS = {
    "IMAGE": IMAGE,
    "BATCH_BUCKET": "iris-rows",
    "BATCH_SERVICE_ACCOUNT": "iris-batch@a-project.iam.gserviceaccount.com",
}
JOBS = "/apis/run.googleapis.com/v1/namespaces/"


@pytest.fixture
def described(shared_bake: Callable[[str], BakedProject]) -> str:
    """Return the description as `envsubst` would fill it in; every placeholder is known."""
    return Template(shared_bake(cloud_run()).read("deploy/batch-job.yaml")).substitute(PLACEHOLDERS)


def replace(real: Runner, folder: Path, text: str) -> str:
    """Send a description by Google's client; return what it prints to standard error."""
    path = folder / "job.yaml"
    path.write_text(text, encoding="utf-8")
    region = f"--region={VARIABLES['GCP_REGION']}"
    return real.run("gcloud", "run", "jobs", "replace", str(path), region, "--quiet").stderr


def test_googles_client_sends_the_job_as_it_is_described(
    real: Runner, google: Google, described: str, tmp_path: Path
) -> None:
    replace(real, tmp_path, described)
    sent = [body for method, path, body in google.asked if method == "POST" and JOBS in path]
    assert sent, google.asked
    wanted, actual = yaml.safe_load(described)["spec"]["template"], sent[0]["spec"]["template"]
    annotations = actual["metadata"]["annotations"]
    assert wanted["metadata"]["annotations"].items() <= annotations.items()
    task = wanted["spec"]["template"]["spec"]
    task["timeoutSeconds"] = str(task["timeoutSeconds"])  # it is an int64
    assert actual["spec"] == wanted["spec"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        pytest.param("taskCount: 4", "tasks: 4", id="unknown"),
        pytest.param("maxRetries: 2", "maxRetries: often", id="type"),
    ],
)
def test_googles_client_refuses_a_field_that_is_wrong(
    real: Runner, google: Google, described: str, tmp_path: Path, field: str, wrong: str
) -> None:
    assert field in described
    assert wrong.split(":")[0] in replace(real, tmp_path, described.replace(field, wrong))
    assert not [method for method, _, _ in google.asked if method == "POST"]


def test_the_job_writes_to_a_folder_outside_of_its_source(described: str) -> None:
    task = yaml.safe_load(described)["spec"]["template"]["spec"]["template"]["spec"]
    (container,) = task["containers"]
    command, source, output = container["args"]
    (mount,) = container["volumeMounts"]
    assert command == "batch"
    assert output.endswith("/")
    assert not output.startswith(f"{source}/")
    assert {Path(source).parent, Path(output).parent} == {Path(mount["mountPath"])}
