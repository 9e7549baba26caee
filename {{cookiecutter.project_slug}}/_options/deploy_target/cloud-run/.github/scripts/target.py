"""Cloud Run, as a rollout sees it: the revisions of one service, and what traffic each one gets."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import cloud_log
import gcloud
import steps
import traffic
from canary import Address, Canary

TEMPLATE = Path("deploy", "service.yaml")
PLACE = re.compile(r"\$\{([A-Z_]+)\}")


def stage(image: str) -> Canary:
    """Make a revision that gets no traffic; the first one of all gets all of it."""
    present = traffic.targets(traffic.describe())
    former = traffic.serving(present)
    revision = f"{traffic.service()}-{datetime.now(UTC):%y%m%d%H%M%S}"
    new: traffic.Target = {"revisionName": revision, "tag": traffic.TAG}
    if not former:
        new["percent"] = 100  # Cloud Run takes no service that nobody could ask
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, TEMPLATE.name)
        path.write_text(render(image, revision, [*traffic.kept(present), new]), encoding="utf-8")
        try:
            gcloud.text("run", "services", "replace", str(path), gcloud.region())
        except gcloud.GcloudError:
            back(former, revision)
            raise
    return Canary(revision, former)


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Yield the address that the tag gives to a revision, and a token for it."""
    found = traffic.describe()
    urls = [each["url"] for each in traffic.targets(found) if traffic.is_canary(each, revision)]
    if not urls:
        raise gcloud.GcloudError(f"{revision} cannot be asked: it has no tag {traffic.TAG}.")
    # A token is for the whole service, whatever the tag. Only a service account gets one that says
    # for whom it is.
    audience = f"--audiences={found[0]['status']['url']}"
    caller = f"--impersonate-service-account={gcloud.settings()['GCP_CALLER']}"
    yield Address(
        f"{urls[0]}/predict", gcloud.text("auth", "print-identity-token", caller, audience)
    )


def shift(revision: str, percent: int) -> None:
    """Let a revision have part of the traffic, and leave the others the rest as they shared it."""
    if traffic.is_alone(revision, traffic.describe()):
        steps.note(f"{revision} is the only one that can answer, and keeps all of the traffic.")
        return
    traffic.send(f"--to-revisions={revision}={percent}")


def complaints(revision: str) -> list[str]:
    """Return why Cloud Run would not run a revision, and the errors that it has logged."""
    found = gcloud.read("run", "revisions", "describe", revision, gcloud.region())
    return [
        f"{each['type']}: {each.get('message') or each.get('reason', 'False')}"
        for each in found.get("status", {}).get("conditions", [])
        # Without traffic it is not active, which is no trouble, and says so by its severity.
        if each.get("status") == "False" and each.get("severity", "Error") == "Error"
    ] + cloud_log.errors(traffic.service(), revision)


def finish(revision: str) -> None:
    """Send all traffic to a revision, which needs no address of its own any more."""
    traffic.send_all(revision)


def back(former: str, revision: str) -> None:
    """Send all traffic to the former revision; the other one loses its address, and is idle.

    Cloud Run deletes no service's latest revision, and a revision that cannot be reached costs
    nothing. Where there is no former one, the service that was begun is taken away.
    """
    if former:
        traffic.send_all(former)
        return
    found = traffic.describe()
    if found and revision and traffic.is_alone(revision, found):
        gcloud.text("run", "services", "delete", traffic.service(), gcloud.region())


def render(image: str, revision: str, split: list[traffic.Target]) -> str:
    """Return the service's description with every place filled in."""
    values = gcloud.settings() | {
        "SERVICE": traffic.service(),
        "REVISION": revision,
        "IMAGE": image,
        "TRAFFIC": json.dumps(split),  # which is YAML, too
    }
    return PLACE.sub(lambda found: values[found[1]], TEMPLATE.read_text(encoding="utf-8"))
