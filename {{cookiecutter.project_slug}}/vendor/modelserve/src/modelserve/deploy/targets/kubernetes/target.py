"""Roll out on Kubernetes: the canary is a Deployment of its own beside the stable one.

The Service sends its connections to the pods that it selects: `track: stable` alone, or both
tracks while the canary gets traffic. So the canary's share is its share of the pods.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ... import workflow
from .. import Address, StagedRevision
from . import kubectl, monitoring_objects, port_forward, tracks


def canary_replicas(percent: int, stable: int) -> int:
    """Return how many canary pods beside `stable` ones are at most `percent` of all; 1 or more."""
    return max(1, percent * stable // (100 - percent))


def stage(image: str) -> StagedRevision:
    """Start a canary that only its own Service selects; the first revision becomes the stable one.

    A canary that does not become ready is removed.
    """
    kubectl.split_digest(image)
    stable = tracks.deployment(tracks.stable_name())
    if not stable.get("status", {}).get("availableReplicas"):
        # It is the first one, or no pod of the stable one is available.
        kubectl.apply(image)
        tracks.wait_until_ready(tracks.stable_name())
        return StagedRevision(image, "")
    tracks.select_canary(False)  # a rollout that was cancelled may have left it selected
    kubectl.apply(image, "canary")
    try:
        tracks.wait_until_ready(tracks.canary_name())
    except SystemExit:
        tracks.delete(tracks.canary_name())
        raise
    return StagedRevision(image, tracks.image_of(stable))


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Forward a port to one pod of a revision, through its own Service."""
    with port_forward.to_service(tracks.require(revision)) as url:
        yield Address(f"{url}/predict")


def shift(revision: str, percent: int) -> None:
    """Scale the canary to at most `percent` of all pods, and have the Service select it."""
    if not 0 < percent < 100:
        workflow.fail(f"{percent} % is no share of the traffic; `finish` sends all of it.")
    if tracks.require(revision) == tracks.stable_name():
        return  # the first revision has all of the traffic
    ready = tracks.deployment(tracks.stable_name())["status"].get("readyReplicas", 0)
    count = canary_replicas(percent, ready)
    kubectl.run("scale", "deployment", tracks.canary_name(), f"--replicas={count}")
    tracks.wait_until_ready(tracks.canary_name())
    tracks.select_canary(True)
    share = count / (count + ready)
    workflow.notice(
        f"{count} of {count + ready} pods are the canary's: {share:.0%} of connections."
    )


def problems(revision: str) -> list[str]:
    """Return what the cluster reports to be wrong with a revision."""
    name = tracks.find(revision)
    return tracks.problems_of(name) if name else [f"No Deployment runs {revision}."]


def finish(revision: str) -> None:
    """Apply all manifests of the environment with this image, and delete the canary."""
    kubectl.apply(revision)  # also the Service, which then selects `track: stable` alone
    tracks.wait_until_ready(tracks.stable_name())
    tracks.delete(tracks.canary_name())
    if workflow.repository_variables().get("KUBE_MONITORING") == "prometheus-operator":
        kubectl.run(*kubectl.APPLY, "--filename=-", stdin=monitoring_objects.render())


def rollback(previous: str, revision: str) -> None:
    """Send all traffic to `previous`, and delete `revision`; either may be "" or not running."""
    stable = tracks.deployment(tracks.stable_name())
    if stable:
        tracks.select_canary(False)
    if revision and tracks.image_of(tracks.deployment(tracks.canary_name())) == revision:
        tracks.delete(tracks.canary_name())
    if previous:
        kubectl.split_digest(previous)
        name = f"deployment/{tracks.stable_name()}"
        if not stable:
            kubectl.apply(previous)
        elif tracks.image_of(stable) != previous:
            kubectl.run("set", "image", name, f"service={previous}")
        tracks.wait_until_ready(tracks.stable_name())
    elif revision and tracks.image_of(stable) == revision:
        tracks.delete(tracks.stable_name())  # it was the first revision
