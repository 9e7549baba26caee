"""The one service of a project on Cloud Run: which of its revisions get how much of the traffic."""

from typing import Any

import gcloud
import steps

TAG = "canary"
MOST_TOGETHER = 46  # characters of a service's name and a tag, which are one label of a host's name

Found = list[dict[str, Any]]  # the service as Cloud Run describes it; nothing before the first one
Target = dict[str, Any]


def service() -> str:
    """Return the service's name: the project's, as far as there is room for the tag."""
    return steps.name()[: MOST_TOGETHER - len(TAG)].rstrip("-")


def describe() -> Found:
    """Return the service as it is."""
    found: Found = gcloud.read(
        "run", "services", "list", gcloud.region(), f"--filter=metadata.name={service()}"
    )
    return found


def targets(found: Found) -> list[Target]:
    """Return the revisions that can be reached: by a share of the traffic, or by a tag."""
    return [each for one in found for each in one.get("status", {}).get("traffic", [])]


def is_canary(target: Target, revision: str) -> bool:
    """Tell whether a target is the canary's own address."""
    return target.get("tag") == TAG and target["revisionName"] == revision


def shares(present: list[Target]) -> dict[str, int]:
    """Return the revisions that get traffic, and how much."""
    found: dict[str, int] = {}
    for each in present:
        if percent := each.get("percent", 0):
            found[each["revisionName"]] = found.get(each["revisionName"], 0) + percent
    return found


def serving(present: list[Target]) -> str:
    """Return the revision that gets most of the traffic; "" where there is none."""
    found = shares(present)
    return max(found, key=lambda name: found[name], default="")


def is_alone(revision: str, found: Found) -> bool:
    """Tell whether no other revision gets traffic."""
    return shares(targets(found)).keys() <= {revision}


def kept(present: list[Target]) -> list[Target]:
    """Return what stays as it is beside a new canary: each share, and others' tags."""
    names = ("revisionName", "percent", "tag")
    stays = [
        {name: each[name] for name in names if each.get(name) and each[name] != TAG}
        for each in present
    ]
    return [each for each in stays if len(each) > 1]


def send(*changes: str) -> None:
    """Change where the traffic goes."""
    gcloud.text("run", "services", "update-traffic", service(), gcloud.region(), *changes)


def send_all(revision: str) -> None:
    """Send all traffic to a revision, and take the canary's address away.

    While the latest revision is one that does not start, Cloud Run calls a change failed that it
    has made: what counts is where the traffic goes.
    """
    try:
        send(f"--to-revisions={revision}=100", f"--remove-tags={TAG}")
    except gcloud.GcloudError:
        present = targets(describe())
        if shares(present) != {revision: 100} or any(each.get("tag") == TAG for each in present):
            raise
