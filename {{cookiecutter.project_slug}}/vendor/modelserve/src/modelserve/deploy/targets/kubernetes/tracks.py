"""The two tracks of the service: the stable Deployment, and the canary's beside it."""

import json

from ... import workflow
from . import kubectl, pod_problems

READY_TIMEOUT_S = 960  # longer than progressDeadlineSeconds, so that the cluster says why first


def stable_name() -> str:
    """Return the name of the stable Deployment, and of the Service that clients call."""
    return workflow.project_name()


def canary_name() -> str:
    """Return the name of the canary's Deployment and Service, which deploy/canary makes."""
    return f"{workflow.project_name()}-canary"


def deployment(name: str) -> kubectl.Object:
    """Return a Deployment, or {} if there is none."""
    return kubectl.read("deployment", name, "--ignore-not-found")


def image_of(found: kubectl.Object) -> str:
    """Return the image of a Deployment, or "" for {}."""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"]) if found else ""


def find(revision: str) -> str:
    """Return the Deployment that runs a revision, the canary's first; "" if there is none."""
    names = (canary_name(), stable_name())
    return next((name for name in names if image_of(deployment(name)) == revision), "")


def require(revision: str) -> str:
    """Return the Deployment that runs a revision; exit if there is none."""
    return find(revision) or workflow.fail(f"No Deployment runs {revision}.")


def select_canary(selected: bool) -> None:
    """Have the Service select the canary's pods too, or the stable ones alone."""
    patch = {"spec": {"selector": {"track": None if selected else "stable"}}}
    content = f"--patch={json.dumps(patch)}"
    kubectl.run("patch", "service", stable_name(), "--type=merge", content)


def delete(name: str) -> None:
    """Delete a Deployment and its pods."""
    kubectl.run("delete", "deployment", name, "--ignore-not-found", "--wait=false")


def problems_of(name: str) -> list[str]:
    """Return what is wrong with a Deployment and the pods of its image."""
    found = deployment(name)
    if not found:
        return [f"There is no Deployment {name}."]
    labels = found["spec"]["selector"]["matchLabels"].items()
    selector = ",".join(f"{key}={value}" for key, value in labels)
    pods = kubectl.read("pods", f"--selector={selector}")["items"]
    image = image_of(found)
    current = [pod for pod in pods if pod["spec"]["containers"][0]["image"] == image]
    events = kubectl.read("events", "--field-selector=type=Warning,involvedObject.kind=Pod")
    return pod_problems.find_problems(found, current, events["items"])


def wait_until_ready(name: str) -> None:
    """Wait until all pods of a Deployment are ready and of its image, or exit with the reasons."""
    words = ("rollout", "status", f"deployment/{name}", f"--timeout={READY_TIMEOUT_S}s")
    done = kubectl.try_run(*words, timeout_s=READY_TIMEOUT_S + kubectl.TIMEOUT_S)
    if done.returncode:
        reasons = [*done.stderr.split("\n"), *problems_of(name)]
        workflow.fail(f"{name} is not ready: {'; '.join(line for line in reasons if line)}")
