"""The description of the service: Google's own client knows each field, and names agree."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bakery import BakedProject
from tests.cloud_run.conftest import VARIABLES, Runner
from tests.cloud_run.google import Google

LIBRARY = "vendor/modelserve/src/modelserve"
IMAGE = "europe-west1-docker.pkg.dev/a-project/iris-classifier/service@sha256:" + "0" * 64
SPLIT = "[dict(revisionName='x', percent=100)]"
RENDER = f"target.render('{IMAGE}', traffic.service_name() + '-1', {SPLIT})"


def describe(runner: Runner) -> dict[str, Any]:
    """Return the description that is sent."""
    return yaml.safe_load(runner.ask(RENDER))


def containers(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return its containers by their names."""
    return {each["name"]: each for each in service["spec"]["template"]["spec"]["containers"]}


def test_googles_client_takes_the_description_as_it_is(real: Runner, google: Google) -> None:
    """It checks the name and the type of each field, and hands on all of them."""
    revision, previous = real.ask(f"target.stage('{IMAGE}')")
    (sent,) = [body for method, _, body in google.asked if method == "POST"]
    wanted = describe(real)["spec"]["template"]
    assert (sent["spec"]["template"]["metadata"]["name"], previous) == (revision, "")
    assert sent["spec"]["template"]["spec"] == wanted["spec"]
    annotations = sent["spec"]["template"]["metadata"]["annotations"]
    assert wanted["metadata"]["annotations"].items() <= annotations.items()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        pytest.param("startupProbe:", "startProbe:", id="unknown"),
        pytest.param("containerConcurrency: 80", "containerConcurrency: many", id="type"),
    ],
)
def test_googles_client_refuses_a_field_that_is_wrong(
    real: Runner, google: Google, tmp_path: Path, field: str, wrong: str
) -> None:
    """So the test above can fail."""
    text = real.ask(RENDER)
    assert field in text
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace(field, wrong), encoding="utf-8")
    region = f"--region={VARIABLES['GCP_REGION']}"
    done = real.run("gcloud", "run", "services", "replace", str(path), region, "--quiet")
    assert done.returncode != 0
    assert wrong.split(":")[0] in done.stderr
    assert not [method for method, _, _ in google.asked if method in {"POST", "PUT"}]


def merged(given: Any, changes: Any) -> Any:
    """Return a description with changes, as a reader merges them: containers by their names."""
    if isinstance(given, dict) and isinstance(changes, dict):
        return given | {key: merged(given.get(key), each) for key, each in changes.items()}
    if isinstance(given, list) and isinstance(changes, list):
        by_name = {each["name"]: each for each in changes}
        return [merged(each, by_name.pop(each["name"], {})) for each in given] + [*by_name.values()]
    return changes


def test_googles_client_takes_the_documented_gpu(
    real: Runner, google: Google, baked: BakedProject
) -> None:
    """On the one container that answers, with what Google requires for it."""
    page = baked.read("vendor/modelserve/docs/gpu.md")
    (block,) = re.findall(r"```yaml\n(spec:\n.*?)```", page, re.S)
    path = real.project / "deploy" / "service.yaml"
    committed = path.read_text(encoding="utf-8")
    described = merged(yaml.safe_load(committed), yaml.safe_load(block))
    try:
        path.write_text(yaml.safe_dump(described), encoding="utf-8")
        real.ask(f"target.stage('{IMAGE}')")
    finally:
        path.write_text(committed, encoding="utf-8")  # other tests read this project
    (sent,) = [body for method, _, body in google.asked if method == "POST"]
    template = sent["spec"]["template"]
    limits = {
        name: each["resources"]["limits"]
        for name, each in containers({"spec": {"template": template}}).items()
    }
    assert template["spec"]["nodeSelector"] == {"run.googleapis.com/accelerator": "nvidia-l4"}
    assert limits["service"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    assert "nvidia.com/gpu" not in limits["metrics"]
    assert template["metadata"]["annotations"]["run.googleapis.com/cpu-throttling"] == "false"


def test_nothing_is_left_to_fill_in_and_the_file_stays_as_it_is(rehearsal: Runner) -> None:
    """What is committed is the same after a rollout."""
    path = rehearsal.project / "deploy" / "service.yaml"
    before = path.read_bytes()
    rehearsal.reply("gcloud", "run", "services", "list", says="[]")
    rehearsal.ask(f"target.stage('{IMAGE}')")
    assert path.read_bytes() == before
    assert "${" not in json.dumps(describe(rehearsal))


def test_places_are_filled_by_variables_and_by_the_rollout(rehearsal: Runner) -> None:
    """Each of them where it belongs."""
    service = describe(rehearsal)
    spec = service["spec"]["template"]["spec"]
    environment = {each["name"]: each["value"] for each in containers(service)["service"]["env"]}
    assert service["metadata"]["name"] == "iris-classifier"
    assert service["spec"]["template"]["metadata"]["name"] == "iris-classifier-1"
    assert containers(service)["service"]["image"] == IMAGE
    assert service["spec"]["traffic"] == [{"revisionName": "x", "percent": 100}]
    assert spec["serviceAccountName"] == VARIABLES["GCP_SERVICE_ACCOUNT"]
    assert environment["GOOGLE_CLOUD_PROJECT"] == VARIABLES["GCP_PROJECT"]
    (bucket,) = [each["csi"] for each in spec["volumes"] if "csi" in each]
    assert bucket["volumeAttributes"]["bucketName"] == VARIABLES["GCP_BUCKET"]


def test_paths_of_the_settings_lie_in_what_is_mounted(rehearsal: Runner) -> None:
    """The image's own user owns the bucket's folder, for Google mounts it for root."""
    service = describe(rehearsal)
    container = containers(service)["service"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    environment = {each["name"]: each["value"] for each in container["env"]}
    volumes = {each["name"]: each for each in service["spec"]["template"]["spec"]["volumes"]}
    (key,) = volumes["keys"]["secret"]["items"]
    assert environment["API_KEYS_FILE"] == f"{mounts['keys']}/{key['path']}"
    assert environment["CAPTURE_DIR"] == f"{mounts['records']}/captures"
    assert environment["GROUND_TRUTH_DIR"] == f"{mounts['records']}/ground-truth"
    (user,) = re.findall(
        r"^USER (\d+):\1$", (rehearsal.project / "Dockerfile").read_text("utf-8"), re.M
    )
    options = volumes["records"]["csi"]["volumeAttributes"]["mountOptions"]
    assert options == f"uid={user},gid={user}"


def test_settings_are_ones_that_the_service_knows(rehearsal: Runner, baked: BakedProject) -> None:
    """It would pass over a name that is misspelt."""
    source = baked.read(f"{LIBRARY}/settings.py")
    known = {name.upper() for name in re.findall(r"^    (\w+): ", source, re.M)}
    names = {each["name"] for each in containers(describe(rehearsal))["service"]["env"]}
    assert names
    assert names <= known


def test_requests_wait_for_an_instance_rather_than_be_refused(
    rehearsal: Runner, baked: BakedProject
) -> None:
    """Cloud Run starts another instance before the service itself says 503."""
    spec = describe(rehearsal)["spec"]["template"]["spec"]
    settings = baked.read(f"{LIBRARY}/settings.py")
    most, body_s, predict_s = (
        int(re.search(rf"{name}: \w+ = Field\(\s*default=(\d+)", settings)[1])
        for name in ("max_concurrency", "body_timeout_s", "predict_timeout_s")
    )
    assert spec["containerConcurrency"] <= most
    assert spec["timeoutSeconds"] >= body_s + predict_s


def test_it_is_stopped_within_googles_patience(baked: BakedProject) -> None:
    """Ten seconds after SIGTERM comes SIGKILL."""
    server = baked.read(f"{LIBRARY}/serving/server.py")
    assert int(re.search(r'"timeout_graceful_shutdown": (\d+)', server)[1]) <= 8


def test_metrics_are_read_from_where_the_service_answers(rehearsal: Runner) -> None:
    """The reader scrapes port 8080 by default, once the service is ready."""
    service = describe(rehearsal)
    both = containers(service)
    annotations = service["spec"]["template"]["metadata"]["annotations"]
    order = json.loads(annotations["run.googleapis.com/container-dependencies"])
    assert order == {"metrics": ["service"]}
    assert both["service"]["ports"] == [{"containerPort": 8080}]
    assert "ports" not in both["metrics"]


def test_a_long_name_stays_within_cloud_runs_limits(
    long_name: BakedProject, tmp_path: Path
) -> None:
    """With its tag, a service has 46 characters, for they are one label; a revision has 63."""
    runner = Runner(long_name.path, tmp_path / "runner", {})
    service = describe(runner)["metadata"]["name"]
    assert long_name.slug.startswith(service)
    assert len(service) + len(runner.ask("traffic.TAG")) <= 46
    assert not service.endswith("-")
    runner.stand_in("gcloud")
    runner.reply("gcloud", "run", "services", "list", says="[]")
    revision, _ = runner.ask("target.stage('x@sha256:1')")
    assert revision.startswith(f"{service}-")
    assert len(revision) <= 63


def test_documents_call_the_service_by_its_name(long_name: BakedProject, tmp_path: Path) -> None:
    """Also where the project's name is too long for it."""
    service = Runner(long_name.path, tmp_path / "runner", {}).ask("traffic.service_name()")
    page = long_name.read("docs/deploy.md")
    named = re.findall(r"gcloud run services (?:describe|proxy|delete|update-traffic) (\S+)", page)
    assert named
    assert set(named) == {service}
