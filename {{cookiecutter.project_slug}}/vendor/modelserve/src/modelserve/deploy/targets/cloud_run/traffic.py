"""Read and change how the traffic of the project's service is split among its revisions."""

from typing import Any

from ... import workflow
from . import gcloud

TAG = "canary"
MAX_LABEL_CHARACTERS = 46  # of a service's name and a tag, which share one label of a host name

Services = list[dict[str, Any]]  # as Cloud Run lists them: the project's one, or none yet
TrafficTarget = dict[str, Any]  # a revision with its percentage, its tag and the tag's URL


def service_name() -> str:
    """Return the service's name: the project's, cut so that the tag fits behind it."""
    return workflow.project_name()[: MAX_LABEL_CHARACTERS - len(TAG)].rstrip("-")


def describe() -> Services:
    """Return the service, or an empty list before the first deployment."""
    services: Services = gcloud.read(
        "run", "services", "list", gcloud.region(), f"--filter=metadata.name={service_name()}"
    )
    return services


def traffic_targets(services: Services) -> list[TrafficTarget]:
    """Return the revisions that are reachable, by a share of the traffic or by a tag."""
    return [
        target for service in services for target in service.get("status", {}).get("traffic", [])
    ]


def is_canary(target: TrafficTarget, revision: str) -> bool:
    """Tell whether a target is the canary's tag on a revision."""
    return target.get("tag") == TAG and target["revisionName"] == revision


def shares(targets: list[TrafficTarget]) -> dict[str, int]:
    """Return the percentage of each revision that gets traffic."""
    percents: dict[str, int] = {}
    for target in targets:
        if percent := target.get("percent", 0):
            name = target["revisionName"]
            percents[name] = percents.get(name, 0) + percent
    return percents


def main_revision(targets: list[TrafficTarget]) -> str:
    """Return the revision that gets most of the traffic; "" if there is none."""
    percents = shares(targets)
    return max(percents, key=lambda name: percents[name], default="")


def is_only_revision(revision: str, services: Services) -> bool:
    """Tell whether no other revision gets traffic."""
    return shares(traffic_targets(services)).keys() <= {revision}


def without_canary(targets: list[TrafficTarget]) -> list[TrafficTarget]:
    """Return the targets to keep beside a new canary: every share, and tags other than its own."""
    names = ("revisionName", "percent", "tag")
    kept = [
        {name: target[name] for name in names if target.get(name) and target[name] != TAG}
        for target in targets
    ]
    return [target for target in kept if len(target) > 1]


def update(*flags: str) -> None:
    """Change the split of the traffic."""
    gcloud.run("run", "services", "update-traffic", service_name(), gcloud.region(), *flags)


def send_all(revision: str) -> None:
    """Send all traffic to a revision, and remove the canary's tag.

    While the latest revision does not start, Cloud Run reports a change as failed that it has
    made: what counts is where the traffic goes.
    """
    try:
        update(f"--to-revisions={revision}=100", f"--remove-tags={TAG}")
    except gcloud.GcloudError:
        targets = traffic_targets(describe())
        if shares(targets) != {revision: 100} or any(each.get("tag") == TAG for each in targets):
            raise
