"""Clients of Amazon's services, and what the account was given by deploy/bootstrap.yaml."""

import functools
import time
from collections.abc import Callable
from typing import Any

# sign-in brings it
import boto3  # pylint: disable=import-error
import steps
from botocore.config import Config  # pylint: disable=import-error
from botocore.exceptions import ClientError  # pylint: disable=import-error

CONFIG = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
)
EVERY_S = 15


@functools.cache
def client(service: str) -> Any:
    """Return a client, with time-outs and tries of its own."""
    return boto3.client(service, config=CONFIG)


def is_missing(error: ClientError) -> bool:
    """Tell whether Amazon says that there is no such thing; most services call it a wrong value."""
    said = error.response["Error"]
    words = ("does not exist", "could not find", "not found")
    return said["Code"].startswith("ValidationE") and any(
        word in said["Message"].lower() for word in words
    )


def found(ask: Callable[..., Any], **question: str) -> Any:
    """Return the answer to a question about something, None where there is no such thing."""
    try:
        return ask(**question)
    except ClientError as error:
        if not is_missing(error):
            raise
        return None


def stack(name: str) -> dict[str, Any] | None:
    """Return a stack as it stands, None where there is none."""
    answer = found(client("cloudformation").describe_stacks, StackName=name)
    return answer["Stacks"][0] if answer else None


def account() -> dict[str, str]:
    """Return the outputs of the stack that the account was set up with."""
    name = f"{steps.name()}-bootstrap"
    made = stack(name)
    if not made or not made.get("Outputs"):
        steps.refuse(
            f"There is no stack {name} in this region; docs/deploy.md says how to make it."
        )
    return {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}


def until(reached: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Wait for something, or give up with what was waited for."""
    deadline = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > deadline:
            steps.refuse(
                f"{what} took more than {within_s / 60:.0f} minutes; look at it in AWS' console."
            )
        time.sleep(EVERY_S)
