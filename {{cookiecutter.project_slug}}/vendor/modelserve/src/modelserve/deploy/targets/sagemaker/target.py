"""Roll out on SageMaker, where a revision is an image, by its digest.

SageMaker itself moves the traffic, watches alarms and rolls back. `shift` starts that, `finish`
waits for its end. Before, a second endpoint with the same image takes the smoke test.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ... import workflow
from .. import Address, StagedRevision
from . import aws, canary_endpoint, endpoint, endpoint_proxy, service_stack
from .aws import client

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OTHER_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
)
SUCCEEDED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def stage(image: str) -> StagedRevision:
    """Start the canary's endpoint with an image."""
    check_manifest(image)
    canary_endpoint.start(image)
    return StagedRevision(image, endpoint.image())


def check_manifest(image: str) -> None:
    """Exit if an image is missing or in OCI's format, which SageMaker would reject much later."""
    name, _, digest = image.partition("@")
    response = client("ecr").batch_get_image(
        repositoryName=name.partition("/")[2],
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=[DOCKER_MANIFEST, *OTHER_MANIFESTS],
    )
    kinds = [each["imageManifestMediaType"] for each in response["images"]]
    if not kinds:
        workflow.fail(f"The image {image} is not in the registry; build and push it first.")
    if kinds != [DOCKER_MANIFEST]:
        workflow.fail(
            f"{image} is a {kinds[0]}, and SageMaker accepts only {DOCKER_MANIFEST}: build it with "
            "oci-mediatypes=false, provenance=false and sbom=false."
        )


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Yield a local address of the canary's endpoint."""
    name = canary_endpoint.name()
    if endpoint.image(name) != revision:
        workflow.fail(f"The endpoint {name} does not serve {revision}; stage it first.")
    with endpoint_proxy.serve(name) as url:
        yield Address(url)


def shift(revision: str, percent: int) -> None:
    """Start the update, and wait until the new instances get their share of the traffic."""
    service_stack.deploy(revision, traffic="CANARY", percent=percent)
    name = workflow.project_name()
    aws.wait_until(
        lambda: (
            service_stack.status().endswith(service_stack.FINAL)
            or (service_stack.status() == "UPDATE_IN_PROGRESS" and endpoint.is_baking(name))
        ),
        timeout_s=service_stack.HOUR_S,
        what="Starting the new instances",
    )


def problems(revision: str) -> list[str]:
    """Return the revision's alarms that are on, and whether SageMaker has rolled back."""
    name = workflow.project_name()
    alarms = client("cloudwatch").describe_alarms(
        AlarmNamePrefix=f"{name}-new-", StateValue="ALARM"
    )["MetricAlarms"]
    found = [f"{alarm['AlarmName']}: {alarm['StateReason']}" for alarm in alarms]
    status = service_stack.status()
    if "ROLLBACK" in status or status.endswith("_FAILED"):
        found.append(f"the stack {name} is {status}: {service_stack.failure_reason()}")
    elif service_stack.current_parameters().get("Image") != revision:
        found.append(f"the stack {name} was updated with another image meanwhile")
    return found


def finish(revision: str) -> None:
    """Wait until the revision has all traffic, and delete the canary's endpoint."""
    name = workflow.project_name()
    status = service_stack.wait_until_final()
    if status not in SUCCEEDED:
        workflow.fail(f"The stack {name} is {status}: {service_stack.failure_reason()}")
    if endpoint.image() != revision:
        workflow.fail(f"The endpoint {name} serves {endpoint.image()}, not {revision}.")
    canary_endpoint.delete()


def rollback(previous: str, revision: str) -> None:
    """Serve `previous` in production, at once and whatever the alarms say.

    Without a previous revision, the stack is deleted if this revision created it. With neither,
    production stays as it is.
    """
    if previous:
        service_stack.make_updatable()
        deployed = service_stack.current_parameters().get("Image")
        if endpoint.image() != previous or deployed != previous:
            service_stack.deploy(previous, traffic="ALL_AT_ONCE")
            status = service_stack.wait_until_final()
            if status not in SUCCEEDED:
                workflow.fail(f"The rollback ended as {status}: {service_stack.failure_reason()}")
    elif revision and is_first(revision):
        service_stack.wait_until_final()
        service_stack.delete()
    if revision != previous:
        canary_endpoint.delete()


def is_first(revision: str) -> bool:
    """Tell whether the stack was created with this revision, and never updated."""
    stack = aws.stack(workflow.project_name())
    if stack is None or "LastUpdatedTime" in stack:
        return False
    return service_stack.current_parameters().get("Image") == revision
