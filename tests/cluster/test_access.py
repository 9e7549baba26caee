"""What the workflows may do in the cluster is what their scripts do there, and nothing more."""

from collections.abc import Callable, Iterable

import pytest
import yaml

from tests.cluster.conftest import NEW, OLD, REACH, Cluster, Object

pytestmark = pytest.mark.slow

ENVIRONMENTS = ("production", "staging")


def role(objects: Iterable[Object], name: str) -> set[tuple[str, str, str]]:
    """Return what a Role allows: each verb on each resource."""
    (found,) = [
        each
        for each in objects
        if each["kind"] == "Role" and each["metadata"]["name"].endswith(f"-{name}")
    ]
    return {
        (verb, group, resource)
        for rule in found["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def either(resource: str) -> set[tuple[str, str, str]]:
    """Return the verbs of a stream: newer servers want the second one, older ones either."""
    return {("get", "", resource), ("create", "", resource)}


def test_deploying_may_do_what_it_does(
    cluster: Cluster, render: Callable[..., list[Object]]
) -> None:
    """Every path through the target is run, by the real kubectl, and its requests are compared."""
    cluster.variables["KUBE_MONITORING"] = "prometheus-operator"
    cluster.call("stage", OLD)
    cluster.call("stage", NEW)
    cluster.call("shift", NEW, 10)
    cluster.call("problems", NEW)
    cluster.python("-c", REACH, NEW, TUNNEL_IS_DOWN="1")
    cluster.call("finish", NEW)
    cluster.call("rollback", OLD, NEW)
    cluster.state.broken.add(NEW)
    cluster.refused("stage", NEW)
    cluster.call("rollback", "", OLD)

    asked = cluster.server.asked
    assert asked & either("pods/portforward")
    for environment in ENVIRONMENTS:
        allowed = role(render(f"deploy/access/{environment}"), "rollout")
        assert allowed == asked | either("pods/portforward")


def test_fetching_may_do_what_it_does(
    cluster: Cluster, render: Callable[..., list[Object]], kubectl: str
) -> None:
    """It looks for a pod, and runs one command in it."""
    cluster.call("stage", OLD)
    cluster.server.asked.clear()
    cluster.variables["KUBE_SERVER"] = cluster.server.url
    (cluster.folder / "programs" / "kubectl").unlink()
    (cluster.folder / "programs" / "kubectl").symlink_to(kubectl)
    done = cluster.python(
        *("-m", "modelserve.deploy", "fetch-captures"),
        GITHUB_OUTPUT=str(cluster.folder / "output"),
    )
    assert "is not played here" in done.stderr

    asked = cluster.server.asked
    assert asked & either("pods/exec")
    assert role(render("deploy/access/production"), "captures") == asked | either("pods/exec")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_our_workflows_on_main_are_let_in(
    render: Callable[..., list[Object]], environment: str
) -> None:
    """By the workflow's own name, which GitHub writes into the token."""
    objects = render(f"deploy/access/{environment}")
    bound = {
        each["roleRef"]["name"].rpartition("-")[2]: [
            subject["name"].rpartition("/workflows/")[2] for subject in each["subjects"]
        ]
        for each in objects
        if each["kind"] == "RoleBinding"
    }
    assert bound == {
        "rollout": ["deploy.yml@refs/heads/main"],
        "captures": ["monitor.yml@refs/heads/main", "retrain.yml@refs/heads/main"],
    }
    kinds = {each["kind"] for each in objects}
    assert kinds == {"Namespace", "Role", "RoleBinding"}  # nothing that reaches other namespaces


def test_the_workflows_that_are_let_in_are_there(
    service, render: Callable[..., list[Object]]
) -> None:
    """And ask GitHub for the token by which they are known."""
    for each in render("deploy/access/production"):
        for subject in each.get("subjects", []):
            owner, slug, path = subject["name"].removeprefix("github:").split("/", 2)
            assert (owner, slug) == ("octo-org", service.slug)
            workflow = yaml.safe_load(service.read(path.partition("@")[0]))
            permissions = [job.get("permissions", {}) for job in workflow["jobs"].values()]
            assert any(each.get("id-token") == "write" for each in permissions), path


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_namespace_takes_only_restricted_pods(
    render: Callable[..., list[Object]], environment: str
) -> None:
    """The cluster refuses every other one, whoever asks."""
    (found,) = [
        each for each in render(f"deploy/access/{environment}") if each["kind"] == "Namespace"
    ]
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    rendered = render(f"deploy/overlays/{environment}")
    assert {each["metadata"]["namespace"] for each in rendered} == {found["metadata"]["name"]}
