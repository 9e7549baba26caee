"""The manifests are well-formed, agree with each other and with the image, and ask for little."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.bakery import BakedProject, tool_environment
from tests.cluster.conftest import LIBRARY, Object
from tests.cluster.manifests import long_names, only, pods, unrestricted

ENVIRONMENTS = ("deploy/overlays/production", "deploy/overlays/staging")
GPU = "deploy/gpu"
OPTIONS = ("deploy/keys", "deploy/webhook", GPU)
CANARY = "deploy/canary"
# The oldest version that is still looked after by a cloud, and the newest one that is known here.
VERSIONS = ("1.32.0", "1.37.0")
FOLDERS = [
    *((each,) for each in ENVIRONMENTS),
    *((each, CANARY) for each in ENVIRONMENTS),
    *((ENVIRONMENTS[0], each) for each in OPTIONS),
    (ENVIRONMENTS[0], *OPTIONS, CANARY),
    ("deploy/access/production",),
    ("deploy/access/staging",),
    ("deploy/batch",),
    ("deploy/kserve",),
]
DEVICE = "nvidia.com/gpu"
UNKNOWN = {"InferenceService"}  # KServe's own types judge it, in another test

Render = Callable[..., list[Object]]


@pytest.fixture(params=FOLDERS, ids="+".join)
def objects(request: pytest.FixtureRequest, render: Render) -> list[Object]:
    """Return the objects of each folder in turn, with components over them."""
    return render(*request.param)


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest, render: Render) -> list[Object]:
    """Return the objects of each environment."""
    return render(request.param)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_key(objects: list[Object], version: str, tmp_path: Path) -> None:
    """By the schemas that the API server is built of; what is not in them is an error."""
    path = tmp_path / "objects.yaml"
    known = [each for each in objects if each["kind"] not in UNKNOWN]
    path.write_text(yaml.safe_dump_all(known), encoding="utf-8")
    command = ["kubernetes-validate", "--strict", "--kubernetes-version", version, path]
    done = subprocess.run(
        command, env=tool_environment(), check=False, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    assert (done.returncode, "WARN" in said) == (0, False), said


def test_pods_keep_to_the_restricted_profile(objects: list[Object]) -> None:
    """The namespace enforces it, and would refuse them."""
    for kind, pod in pods(objects):
        assert not list(unrestricted(pod)), kind


def test_pods_may_write_only_where_they_must(objects: list[Object]) -> None:
    """And get no token of the cluster's."""
    for _, pod in pods(objects):
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
            assert "/tmp" in mounted.values()
            assert set(mounted) == {volume["name"] for volume in pod["volumes"]}


def test_pods_run_as_the_images_user(objects: list[Object], service: BakedProject) -> None:
    """A volume is made writable to the same one."""
    user = int(re.search(r"^USER (\d+):\1$", service.read("Dockerfile"), re.M)[1])
    for kind, pod in pods(objects):
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (user, user)
        claims = [each for each in pod["volumes"] if "persistentVolumeClaim" in each]
        assert not claims or context["fsGroup"] == user, kind


def test_memory_is_bounded_and_cpu_is_not(objects: list[Object]) -> None:
    """A bound of CPU would hold answers back while the node is idle."""
    for _, pod in pods(objects):
        for container in pod["containers"]:
            resources = container["resources"]
            assert set(resources["requests"]) == {"cpu", "memory"}
            assert set(resources["limits"]) - {DEVICE} == {"memory"}


def test_a_gpu_is_asked_for_by_the_service_and_its_canary_alone(render: Render) -> None:
    """On nodes that only pods with a GPU may use."""
    for folder in ENVIRONMENTS:
        for components in ((GPU,), (GPU, CANARY)):
            ((_, pod),) = pods(render(folder, *components))
            (container,) = pod["containers"]
            assert container["resources"]["limits"][DEVICE] == "1"
            assert DEVICE not in container["resources"]["requests"]
            assert [each["key"] for each in pod["tolerations"]] == [DEVICE]
        assert DEVICE not in json.dumps(render(folder, CANARY))


def test_a_rollout_waits_until_the_cluster_gives_up(render: Render, service: BakedProject) -> None:
    """So that the cluster says why; a GPU's image takes longest to be pulled."""
    source = service.read(f"{LIBRARY}/modelserve/deploy/targets/kubernetes/tracks.py")
    waits_s = int(re.search(r"^READY_TIMEOUT_S = (\d+)", source, re.M)[1])
    for components in ((), (GPU,)):
        deployment = only(render(ENVIRONMENTS[0], *components), "Deployment")
        assert deployment["spec"]["progressDeadlineSeconds"] < waits_s


def test_no_name_is_longer_than_kubernetes_takes(objects: list[Object]) -> None:
    """The project's slug is as long here as it may be."""
    for each in objects:
        limit = 253 if each["kind"] in {"Deployment", "PersistentVolumeClaim"} else 63
        assert len(each["metadata"]["name"]) <= limit
        assert not list(long_names(each))


def test_images_are_named_nowhere(objects: list[Object]) -> None:
    """One placeholder stands for them, which is no image that could be pulled by mistake."""
    for _, pod in pods(objects):
        assert {each["image"] for each in pod["containers"]} == {"image-by-digest"}


def test_a_digest_takes_every_placeholders_place(service: BakedProject, kubectl: str) -> None:
    """KServe's object has containers too, which Kustomize must find."""
    place = service.path.parent / "pinned"
    place.mkdir(exist_ok=True)
    for folder in (*ENVIRONMENTS, "deploy/batch", "deploy/kserve"):
        image = {"name": "image-by-digest", "newName": "ghcr.io/o/i", "digest": "sha256:12"}
        plan = {"resources": [f"../{service.slug}/{folder}"], "images": [image]}
        (place / "kustomization.yaml").write_text(json.dumps(plan), encoding="utf-8")
        rendered = subprocess.check_output([kubectl, "kustomize", place], text=True)
        assert "image: ghcr.io/o/i@sha256:12\n" in rendered
        assert "image-by-digest" not in rendered


def selected(selector: dict, deployment: Object) -> bool:
    """Tell whether a selector takes a Deployment's pods."""
    return selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_selectors_take_the_pods_that_they_should(render: Render, name: str) -> None:
    """The stable ones and the canary's never mix, but for rules that both of them need."""
    stable, beside = render(name), render(name, CANARY)
    deployments = [only(each, "Deployment") for each in (stable, beside)]
    spread = [
        each["spec"]["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]
        for each in deployments
    ]
    services = [only(each, "Service")["spec"]["selector"] for each in (stable, beside)]
    budget = only(stable, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    for i, deployment in enumerate(deployments):
        assert selected(deployment["spec"]["selector"]["matchLabels"], deployment)
        assert [selected(each, deployment) for each in services] == [i == 0, i == 1]
        assert [selected(each["matchLabels"], deployment) for each in spread] == [i == 0, i == 1]
        assert selected(budget, deployment) == (i == 0)
        network = only(stable, "NetworkPolicy")["spec"]["podSelector"].get("matchLabels", {})
        assert selected(network, deployment)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_canary_differs_from_the_stable_pods_by_its_track_alone(
    render: Render, name: str
) -> None:
    """Otherwise something else would be tried than what is released."""
    stable, canary = (
        only(render(*folders), "Deployment")["spec"]["template"]
        for folders in ((name,), (name, CANARY))
    )
    text = json.dumps(stable).replace('"track": "stable"', '"track": "canary"')
    assert json.loads(text) == canary
    kinds = sorted(each["kind"] for each in render(name, CANARY))
    assert kinds == ["Deployment", "Service"]


def test_ports_agree_with_the_image(environment: list[Object], service: BakedProject) -> None:
    """From the Dockerfile through the container and the Service to the NetworkPolicy."""
    exposed = int(re.search(r"^EXPOSE (\d+)$", service.read("Dockerfile"), re.M)[1])
    (container,) = only(environment, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": exposed}]
    assert only(environment, "Service")["spec"]["ports"][0]["targetPort"] == "http"
    ingress = only(environment, "NetworkPolicy")["spec"]["ingress"][0]
    assert ingress["ports"] == [{"port": "http"}]


def test_probes_ask_what_is_answered(objects: list[Object], service: BakedProject) -> None:
    """A path that is not there would restart every pod for ever."""
    sources = "".join(
        service.read(name)
        for name in service.files()
        if f"{LIBRARY}/modelserve/" in name and name.endswith(".py")
    )
    for kind, pod in pods(objects):
        for container in pod["containers"]:
            probes = {key: each for key, each in container.items() if key.endswith("Probe")}
            assert probes or kind == "Job"
            for probe in probes.values():
                path = probe["httpGet"]["path"]
                assert f'"{path.removeprefix("/v2")}"' in sources
                assert probe["httpGet"]["port"] in {"http", 8080}


def test_only_liveness_restarts_a_pod_and_it_asks_for_no_model(environment: list[Object]) -> None:
    """A model that fails is answered for; a restart would not mend it."""
    (container,) = only(environment, "Deployment")["spec"]["template"]["spec"]["containers"]
    paths = {
        key: container[f"{key}Probe"]["httpGet"]["path"]
        for key in ("startup", "readiness", "liveness")
    }
    ready = "/health/ready"
    assert paths == {"startup": ready, "readiness": ready, "liveness": "/health/live"}
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 60


def test_a_pod_has_the_time_that_its_end_takes(environment: list[Object]) -> None:
    """Until all have heard that it leaves, then its answers, then its captures."""
    pod = only(environment, "Deployment")["spec"]["template"]["spec"]
    command, seconds = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    answers_s, captures_s = 8, 5
    assert int(seconds) + answers_s + captures_s < pod["terminationGracePeriodSeconds"]


def test_the_autoscaler_alone_sets_the_number_of_pods(environment: list[Object]) -> None:
    """A number in the Deployment would be set back to with each release."""
    deployment, autoscaler = (
        only(environment, kind) for kind in ("Deployment", "HorizontalPodAutoscaler")
    )
    assert "replicas" not in deployment["spec"]
    target = autoscaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert "cpu" in container["resources"]["requests"]  # what the utilisation is a share of


def test_nodes_can_be_drained_and_answers_go_on(render: Render) -> None:
    """One pod may be missing, of the two at least that production has."""
    for name in ENVIRONMENTS:
        assert only(render(name), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
        update = only(render(name), "Deployment")["spec"]["strategy"]["rollingUpdate"]
        assert update == {"maxUnavailable": 0, "maxSurge": 1}
    production = only(render(ENVIRONMENTS[0]), "HorizontalPodAutoscaler")["spec"]
    assert 2 <= production["minReplicas"] < production["maxReplicas"]


def test_records_can_be_written_by_all_pods(environment: list[Object]) -> None:
    """By several nodes, where there are several; the folders lie on the volume."""
    deployment, claim = (
        only(environment, kind) for kind in ("Deployment", "PersistentVolumeClaim")
    )
    modes = claim["spec"]["accessModes"]
    is_alone = only(environment, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 1
    assert modes == ["ReadWriteOnce" if is_alone else "ReadWriteMany"]
    pod = deployment["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
    assert volumes["records"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    for variable in pod["containers"][0]["env"]:
        if variable["name"].endswith("_DIR"):
            assert variable["value"].startswith(f"{mounts['records']}/")


def test_the_service_may_ask_nobody_but_the_name_service(environment: list[Object]) -> None:
    """What a model was fed stays where it is, even if somebody gets into the pod."""
    policy = only(environment, "NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    (egress,) = policy["egress"]
    assert {each["port"] for each in egress["ports"]} == {53}
    assert all("from" in rule for rule in policy["ingress"])


def test_variables_are_settings_of_a_service(objects: list[Object], service: BakedProject) -> None:
    """One that is misspelt would say nothing, and do nothing."""
    settings = service.read(f"{LIBRARY}/modelserve/settings.py")
    for kind, pod in pods(objects):
        if kind != "Job":
            for variable in pod["containers"][0]["env"]:
                assert f"\n    {variable['name'].lower()}: " in settings


def test_a_batch_job_has_as_many_tasks_as_shards(render: Render, service: BakedProject) -> None:
    """Each row is answered once, by the task that the variable numbers."""
    job = only(render("deploy/batch"), "Job")["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert f"--shard-count={job['completions']}" in container["args"]
    assert (job["completionMode"], job["parallelism"]) == ("Indexed", job["completions"])
    (variable,) = container["env"]
    assert container["args"][2].endswith("/")  # a folder, where each task writes a file of its own
    assert f'"{variable["name"]}"' in service.read(f"{LIBRARY}/modelserve/commands/options.py")


def test_the_checks_of_pods_find_what_is_wrong() -> None:
    """A check that finds nothing anywhere would be worth nothing."""
    bare = {"containers": [{"image": "x", "ports": [{"hostPort": 80}]}], "hostNetwork": True}
    bare["volumes"] = [{"name": "host", "hostPath": {"path": "/"}}]
    assert set(unrestricted(bare)) == {
        *("hostNetwork", "volume host", "root", "privileges", "seccomp", "hostPort"),
        "capabilities that stay",
    }
    assert list(long_names({"metadata": {"labels": {"a": "x" * 64}}})) == [".metadata.labels.a"]
