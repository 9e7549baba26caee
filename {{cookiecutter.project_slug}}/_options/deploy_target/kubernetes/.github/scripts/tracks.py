"""The two tracks of the service: the stable Deployment that all ask, and the canary's beside it."""

import json

import cluster
import steps
import troubles

ROLLOUT_S = 360  # longer than progressDeadlineSeconds, so that the cluster says why first


def stable_name() -> str:
    """Return the name of the Deployment and the Service that all ask."""
    return steps.name()


def canary_name() -> str:
    """Return the name of the canary's, as deploy/canary makes it."""
    return f"{steps.name()}-canary"


def deployment(name: str) -> cluster.Object:
    """Return a Deployment, or {} where there is none."""
    return cluster.read("deployment", name, "--ignore-not-found")


def image_of(found: cluster.Object) -> str:
    """Return the image that a Deployment runs, or "" where there is none."""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"]) if found else ""


def name_of(revision: str) -> str:
    """Return which Deployment runs a revision: the canary's first, for it may run one of both."""
    names = (canary_name(), stable_name())
    return next((name for name in names if image_of(deployment(name)) == revision), "")


def running(revision: str) -> str:
    """Return the same, or end where none does."""
    return name_of(revision) or steps.refuse(f"No Deployment runs {revision}.")


def let_in(*, canary: bool) -> None:
    """Have the Service select the canary's pods too, or not."""
    patch = {"spec": {"selector": {"track": None if canary else "stable"}}}
    cluster.run("patch", "service", stable_name(), "--type=merge", f"--patch={json.dumps(patch)}")


def remove(name: str) -> None:
    """Take a Deployment and its pods away."""
    cluster.run("delete", "deployment", name, "--ignore-not-found", "--wait=false")


def complaints_of(name: str) -> list[str]:
    """Return what is wrong with a Deployment and the pods of its image."""
    found = deployment(name)
    if not found:
        return [f"There is no Deployment {name}."]
    labels = found["spec"]["selector"]["matchLabels"].items()
    selector = ",".join(f"{key}={value}" for key, value in labels)
    pods = cluster.read("pods", f"--selector={selector}")["items"]
    image = image_of(found)
    ours = [pod for pod in pods if pod["spec"]["containers"][0]["image"] == image]
    events = cluster.read("events", "--field-selector=type=Warning,involvedObject.kind=Pod")
    return troubles.find(found, ours, events["items"])


def settle(name: str) -> None:
    """Wait until a Deployment's pods are all ready and of its image, or end and say why not."""
    words = ("rollout", "status", f"deployment/{name}", f"--timeout={ROLLOUT_S}s")
    done = cluster.ask(*words, timeout_s=ROLLOUT_S + cluster.ANSWERS_WITHIN_S)
    if done.returncode:
        why = [*done.stderr.split("\n"), *complaints_of(name)]
        steps.refuse(f"{name} did not come up: {'; '.join(line for line in why if line)}")
