"""AWS clients, and the outputs of the stack that deploy/bootstrap.yaml makes."""

import functools
import time
from collections.abc import Callable
from typing import Any

# `sign-in` installs the client.
import boto3  # pylint: disable=import-error
from botocore.config import Config  # pylint: disable=import-error
from botocore.exceptions import ClientError  # pylint: disable=import-error

from ... import workflow

CONFIG = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
)
POLL_INTERVAL_S = 15


@functools.cache
def client(service: str) -> Any:
    """Return a client with time-outs and retries."""
    return boto3.client(service, config=CONFIG)


def is_not_found(error: ClientError) -> bool:
    """Tell whether a resource does not exist; most services call that a validation error."""
    details = error.response["Error"]
    phrases = ("does not exist", "could not find", "not found")
    return details["Code"].startswith("ValidationE") and any(
        phrase in details["Message"].lower() for phrase in phrases
    )


def get_or_none(operation: Callable[..., Any], **arguments: str) -> Any:
    """Return the response of an operation, or None if the resource does not exist."""
    try:
        return operation(**arguments)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None


def stack(name: str) -> dict[str, Any] | None:
    """Return a CloudFormation stack, or None if there is none."""
    response = get_or_none(client("cloudformation").describe_stacks, StackName=name)
    return response["Stacks"][0] if response else None


def bootstrap_outputs() -> dict[str, str]:
    """Return the outputs of the bootstrap stack; exit if there is none."""
    name = f"{workflow.project_name()}-bootstrap"
    found = stack(name)
    if not found or not found.get("Outputs"):
        workflow.fail(
            f"There is no stack {name} in this region; docs/deploy.md says how to make it."
        )
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Wait for a condition; exit after the time-out with what was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            workflow.fail(
                f"{what} took more than {timeout_s / 60:.0f} minutes; see the AWS console."
            )
        time.sleep(POLL_INTERVAL_S)
