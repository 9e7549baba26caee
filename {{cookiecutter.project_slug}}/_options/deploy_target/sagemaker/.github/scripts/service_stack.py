"""The stack of production, deploy/service.yaml: what it is told, and how it moves on and back."""

import hashlib
import io
import json
import os
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import amazon
import served
import steps
from amazon import client
from botocore.exceptions import ClientError  # pylint: disable=import-error

TEMPLATE = Path("deploy/service.yaml")
HANDLER = Path("deploy/alarm_function/handler.py")
GIVEN = ("EndpointRole", "FunctionRole", "Bucket", "Topic")  # by the bootstrap stack
# The repository's variables that change a parameter's default.
SETTINGS = {
    "SAGEMAKER_INSTANCE_TYPE": "InstanceType",
    "SAGEMAKER_INSTANCES": "Instances",
    "SAGEMAKER_MAXIMUM_INSTANCES": "MaximumInstances",
    "SAGEMAKER_SERVERLESS": "Serverless",
    "SAGEMAKER_CAPTURE_PERCENTAGE": "CapturePercentage",
    "SAGEMAKER_BAKE_SECONDS": "BakeSeconds",
    "SAGEMAKER_DRIFT_METRICS": "DriftMetrics",
}
# Thresholds are those of config/monitoring.toml here, too.
THRESHOLDS = {
    "DriftPsi": ("drift", "psi"),
    "DriftSignificance": ("drift", "significance"),
    "DriftRows": ("drift", "minimum_rows"),
    "DegradedShare": ("limits", "degraded_share"),
    "LatencySeconds": ("objectives", "latency_s"),
}
HOUR_S = 3600
ENDED = ("_COMPLETE", "_FAILED")


def packed() -> bytes:
    """Return the function's code as Lambda takes it: the same bytes each time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(HANDLER.name)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, HANDLER.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def upload() -> str:
    """Put the function's code into the bucket, and return its key."""
    code = packed()
    key = f"code/{hashlib.sha256(code).hexdigest()}.zip"
    client("s3").put_object(Bucket=amazon.account()["Bucket"], Key=key, Body=code)
    return key


def parameters(image: str, *, traffic: str, percent: int) -> dict[str, str]:
    """Return all that the stack is told.

    Args:
        image: by its digest.
        traffic: CANARY or ALL_AT_ONCE.
        percent: of the new instances, the canary.
    """
    account = amazon.account()
    variables = json.loads(os.environ.get("VARIABLES") or "{}")
    config = tomllib.loads(Path("config/monitoring.toml").read_text(encoding="utf-8"))
    told = {"Image": image, "Code": upload()} | {name: account[name] for name in GIVEN}
    told |= {name: str(config[section][key]) for name, (section, key) in THRESHOLDS.items()}
    told |= {word: variables[name] for name, word in SETTINGS.items() if variables.get(name)}
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        told["Repository"] = repository
    # What SageMaker replaces bears this in its name. How the traffic moves changes nothing of it.
    content = json.dumps(told, sort_keys=True) + TEMPLATE.read_text(encoding="utf-8")
    told["Suffix"] = hashlib.sha256(content.encode()).hexdigest()[:12]
    return told | {"Traffic": traffic, "CanaryPercent": str(percent)}


def status() -> str:
    """Return how the stack stands; "" where there is none."""
    known = amazon.stack(steps.name())
    return known["StackStatus"] if known else ""


def told() -> dict[str, str]:
    """Return what the stack was told the last time."""
    known = amazon.stack(steps.name()) or {}
    return {each["ParameterKey"]: each["ParameterValue"] for each in known.get("Parameters", [])}


def settle() -> str:
    """Wait until nothing is under way, and return how the stack stands then."""
    amazon.until(
        lambda: not status() or status().endswith(ENDED),
        within_s=2 * HOUR_S,
        what=f"The stack {steps.name()}",
    )
    return status()


def why() -> str:
    """Return the first thing that went wrong in the last change, as CloudFormation says it."""
    events: list[dict[str, Any]] = client("cloudformation").describe_stack_events(
        StackName=steps.name()
    )["StackEvents"]
    reason = ""
    for event in events:  # the newest first
        if event["ResourceStatus"].endswith("_FAILED"):
            reason = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        starts = event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
        if starts and event["LogicalResourceId"] == steps.name():
            break
    return reason or "CloudFormation gives no reason"


def remove() -> None:
    """Remove the stack, and the endpoint with it."""
    client("cloudformation").delete_stack(StackName=steps.name())
    amazon.until(lambda: not status(), within_s=HOUR_S, what=f"The end of {steps.name()}")


def unlock() -> None:
    """Bring a stack into a state in which it can be changed."""
    cloudformation = client("cloudformation")
    if status() == "UPDATE_IN_PROGRESS":
        cloudformation.cancel_update_stack(StackName=steps.name())
    if settle() == "UPDATE_ROLLBACK_FAILED":
        # SageMaker has mostly gone back by itself, and then refuses to be told to do it once more.
        back = served.image() != told()["Image"]
        skipped = {"ResourcesToSkip": ["Endpoint"]} if back else {}
        cloudformation.continue_update_rollback(StackName=steps.name(), **skipped)
        if settle() == "UPDATE_ROLLBACK_FAILED":
            steps.refuse(f"The stack {steps.name()} can go neither on nor back: {why()}")
    if status() in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        remove()  # its creation failed: there is nothing to be changed


def deploy(image: str, *, traffic: str, percent: int = 10) -> None:
    """Begin to bring an image into production."""
    unlock()
    cloudformation = client("cloudformation")
    change = cloudformation.update_stack if status() else cloudformation.create_stack
    wanted = parameters(image, traffic=traffic, percent=percent)
    try:
        change(
            StackName=steps.name(),
            TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()
            ],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
