"""The service on Kubernetes: a canary is a Deployment of its own beside the stable one.

The Service sends its connections to the pods that it selects: `track: stable` alone, or while the
canary has its part, both tracks. So the canary's part is its part of the pods.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cluster
import steps
import tracks
import tunnel
from canary import Address, Canary


def pods_for(percent: int, stable: int) -> int:
    """Return how many canary pods beside `stable` ones have at most a part of all; one at least."""
    return max(1, percent * stable // (100 - percent))


def stage(image: str) -> Canary:
    """Start a canary that only its own Service selects; the first revision becomes the stable one.

    One that does not come up is taken away again.
    """
    cluster.split(image)
    stable = tracks.deployment(tracks.stable_name())
    is_first = not stable.get("status", {}).get("availableReplicas")
    if is_first:  # or none answers, so there is nothing that could be hurt
        cluster.apply(image)
        tracks.settle(tracks.stable_name())
        return Canary(image, "")
    tracks.let_in(canary=False)  # a rollout that was broken off may have left it open
    cluster.apply(image, "canary")
    try:
        tracks.settle(tracks.canary_name())
    except SystemExit:
        tracks.remove(tracks.canary_name())
        raise
    return Canary(image, tracks.image_of(stable))


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Open a tunnel to one pod of this revision; the Service is the canary's own."""
    with tunnel.opened(tracks.running(revision)) as url:
        yield Address(f"{url}/predict")


def shift(revision: str, percent: int) -> None:
    """Let a canary have the part of the connections that comes next below `percent` of all."""
    if not 0 < percent < 100:
        steps.refuse(f"{percent} % is no part of the traffic; `finish` gives all of it.")
    if tracks.running(revision) == tracks.stable_name():
        return  # the first one has all of the traffic
    ready = tracks.deployment(tracks.stable_name())["status"].get("readyReplicas", 0)
    count = pods_for(percent, ready)
    cluster.run("scale", "deployment", tracks.canary_name(), f"--replicas={count}")
    tracks.settle(tracks.canary_name())
    tracks.let_in(canary=True)
    share = count / (count + ready)
    steps.note(f"{count} of {count + ready} pods are the canary's: {share:.0%} of the connections.")


def complaints(revision: str) -> list[str]:
    """Return what the cluster says is wrong with a revision."""
    found = tracks.name_of(revision)
    return tracks.complaints_of(found) if found else [f"No Deployment runs {revision}."]


def finish(revision: str) -> None:
    """Bring all of the environment to what the manifests say, with this image; end the canary."""
    cluster.apply(revision)  # with the Service, which selects `track: stable` alone again
    tracks.settle(tracks.stable_name())
    tracks.remove(tracks.canary_name())
    cluster.apply_monitoring()


def back(former: str, revision: str) -> None:
    """Send all to `former`, and take `revision` away; both may be "", and nothing may be there."""
    stable = tracks.deployment(tracks.stable_name())
    if stable:
        tracks.let_in(canary=False)
    if revision and tracks.image_of(tracks.deployment(tracks.canary_name())) == revision:
        tracks.remove(tracks.canary_name())
    if former:
        cluster.split(former)
        if not stable:
            cluster.apply(former)
        elif tracks.image_of(stable) != former:
            cluster.run("set", "image", f"deployment/{tracks.stable_name()}", f"service={former}")
        tracks.settle(tracks.stable_name())
    elif revision and tracks.image_of(stable) == revision:
        tracks.remove(tracks.stable_name())  # it was the first one: nothing stood there before
