"""SageMaker as a deploy target. A revision is an image, named by its digest.

SageMaker moves the traffic itself, watches alarms, and goes back on its own. `shift` tells it to
begin; `finish` waits for it. Before that, a second endpoint with the same image is asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import amazon
import bridge
import canary_endpoint
import served
import service_stack
import steps
from amazon import client
from canary import Address, Canary

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OTHERS = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
)


def stage(image: str) -> Canary:
    """Start an endpoint of its own with an image."""
    check_kind(image)
    canary_endpoint.start(image)
    return Canary(image, served.image())


def check_kind(image: str) -> None:
    """Refuse what SageMaker would refuse much later: an image in OCI's form."""
    name, _, digest = image.partition("@")
    answer = client("ecr").batch_get_image(
        repositoryName=name.partition("/")[2],
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=[DOCKER, *OTHERS],
    )
    kinds = [each["imageManifestMediaType"] for each in answer["images"]]
    if not kinds:
        steps.refuse(f"There is no {image} in the registry.")
    if kinds != [DOCKER]:
        steps.refuse(
            f"{image} is a {kinds[0]}, and SageMaker takes {DOCKER} alone: build it with "
            "oci-mediatypes=false, provenance=false and sbom=false."
        )


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Return an address at which the canary's endpoint answers."""
    if served.image(canary_endpoint.name()) != revision:
        steps.refuse(f"The endpoint {canary_endpoint.name()} does not serve {revision}; stage it.")
    with bridge.to(canary_endpoint.name()) as url:
        yield Address(url)


def shift(revision: str, percent: int) -> None:
    """Have SageMaker begin, and wait until the new instances have their part of the traffic."""
    service_stack.deploy(revision, traffic="CANARY", percent=percent)
    amazon.until(
        lambda: (
            service_stack.status().endswith(service_stack.ENDED)
            or (service_stack.status() == "UPDATE_IN_PROGRESS" and served.is_baking(steps.name()))
        ),
        within_s=service_stack.HOUR_S,
        what="The start of the new instances",
    )


def complaints(revision: str) -> list[str]:
    """Return which of the revision's alarms are on, and whether SageMaker has gone back."""
    alarms = client("cloudwatch").describe_alarms(
        AlarmNamePrefix=f"{steps.name()}-new-", StateValue="ALARM"
    )["MetricAlarms"]
    said = [f"{each['AlarmName']}: {each['StateReason']}" for each in alarms]
    status = service_stack.status()
    if "ROLLBACK" in status or status.endswith("_FAILED"):
        said.append(f"the stack {steps.name()} is {status}: {service_stack.why()}")
    elif service_stack.told().get("Image") != revision:
        said.append(f"the stack {steps.name()} was told another image meanwhile")
    return said


def finish(revision: str) -> None:
    """Wait until the revision has all traffic, and remove the canary's endpoint."""
    status = service_stack.settle()
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        steps.refuse(f"The stack {steps.name()} is {status}: {service_stack.why()}")
    if served.image() != revision:
        steps.refuse(f"The endpoint {steps.name()} serves {served.image()}, not {revision}.")
    canary_endpoint.remove()


def back(former: str, revision: str) -> None:
    """Have production answer from `former`, at once and whatever the alarms say.

    Where nothing stood before, the stack that this revision made is removed. A call that names
    neither changes nothing in production.
    """
    if former:
        service_stack.unlock()
        if served.image() != former or service_stack.told().get("Image") != former:
            service_stack.deploy(former, traffic="ALL_AT_ONCE")
            status = service_stack.settle()
            if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                steps.refuse(f"The way back ended as {status}: {service_stack.why()}")
    elif revision and is_first(revision):
        service_stack.settle()
        service_stack.remove()
    if revision != former:
        canary_endpoint.remove()


def is_first(revision: str) -> bool:
    """Tell whether the stack knows no other revision than this one."""
    known = amazon.stack(steps.name()) or {"LastUpdatedTime": "never made"}
    return "LastUpdatedTime" not in known and service_stack.told().get("Image") == revision
