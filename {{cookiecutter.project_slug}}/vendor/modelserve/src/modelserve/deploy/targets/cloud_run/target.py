"""Roll out on Cloud Run: revisions of one service, and the traffic that each one gets."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ... import workflow
from .. import Address, StagedRevision
from . import error_log, gcloud, traffic

TEMPLATE = Path("deploy", "service.yaml")
PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")


def stage(image: str) -> StagedRevision:
    """Create a revision without traffic; the first one gets all of it."""
    present = traffic.traffic_targets(traffic.describe())
    previous = traffic.main_revision(present)
    revision = f"{traffic.service_name()}-{datetime.now(UTC):%y%m%d%H%M%S}"
    new: traffic.TrafficTarget = {"revisionName": revision, "tag": traffic.TAG}
    if not previous:
        new["percent"] = 100  # Cloud Run accepts no service without traffic
    split = [*traffic.without_canary(present), new]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, TEMPLATE.name)
        path.write_text(render(image, revision, split), encoding="utf-8")
        try:
            gcloud.run("run", "services", "replace", str(path), gcloud.region())
        except gcloud.GcloudError:
            rollback(previous, revision)
            raise
    return StagedRevision(revision, previous)


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Yield the URL of the canary's tag, and an identity token for it."""
    services = traffic.describe()
    targets = traffic.traffic_targets(services)
    urls = [target["url"] for target in targets if traffic.is_canary(target, revision)]
    if not urls:
        raise gcloud.GcloudError(f"{revision} is not reachable: it has no tag {traffic.TAG}.")
    # A token is for the whole service, whatever the tag. Only a service account gets one that
    # names its audience.
    audience = f"--audiences={services[0]['status']['url']}"
    caller = f"--impersonate-service-account={gcloud.settings()['GCP_CALLER']}"
    yield Address(
        f"{urls[0]}/predict", gcloud.run("auth", "print-identity-token", caller, audience)
    )


def shift(revision: str, percent: int) -> None:
    """Send a share of the traffic to a revision; the others keep their proportions."""
    if traffic.is_only_revision(revision, traffic.describe()):
        workflow.notice(f"{revision} is the only revision, and keeps all of the traffic.")
        return
    traffic.update(f"--to-revisions={revision}={percent}")


def problems(revision: str) -> list[str]:
    """Return the conditions of a revision that failed, and the errors that it has logged."""
    described = gcloud.read("run", "revisions", "describe", revision, gcloud.region())
    return [
        f"{condition['type']}: {condition.get('message') or condition.get('reason', 'False')}"
        for condition in described.get("status", {}).get("conditions", [])
        # A revision without traffic is not active; the severity says that this is no failure.
        if condition.get("status") == "False" and condition.get("severity", "Error") == "Error"
    ] + error_log.read_errors(traffic.service_name(), revision)


def finish(revision: str) -> None:
    """Send all traffic to a revision, and remove the canary's tag."""
    traffic.send_all(revision)


def rollback(previous: str, revision: str) -> None:
    """Send all traffic to the previous revision; the other one loses its tag, and is idle.

    Cloud Run cannot delete the latest revision of a service, and one that nobody can reach costs
    nothing. Without a previous revision, the service is deleted if no other revision gets traffic.
    """
    if previous:
        traffic.send_all(previous)
        return
    services = traffic.describe()
    if services and revision and traffic.is_only_revision(revision, services):
        gcloud.run("run", "services", "delete", traffic.service_name(), gcloud.region())


def render(image: str, revision: str, split: list[traffic.TrafficTarget]) -> str:
    """Return deploy/service.yaml with every placeholder replaced."""
    values = gcloud.settings() | {
        "SERVICE": traffic.service_name(),
        "REVISION": revision,
        "IMAGE": image,
        "TRAFFIC": json.dumps(split),  # JSON is YAML
    }
    return PLACEHOLDER.sub(lambda match: values[match[1]], TEMPLATE.read_text(encoding="utf-8"))
