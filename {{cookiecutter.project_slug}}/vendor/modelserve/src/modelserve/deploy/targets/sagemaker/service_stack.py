"""The production stack, deploy/service.yaml: its parameters, and its updates in both directions."""

import hashlib
import io
import json
import os
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError  # pylint: disable=import-error

from ... import workflow
from . import aws, endpoint
from .aws import client

TEMPLATE = Path("deploy/service.yaml")
FUNCTION = Path(__file__).with_name("alarm_function.py")
BOOTSTRAP_PARAMETERS = ("EndpointRole", "FunctionRole", "Bucket", "Topic")
# The repository variables that set a parameter.
VARIABLES = {
    "SAGEMAKER_INSTANCE_TYPE": "InstanceType",
    "SAGEMAKER_INFERENCE_AMI": "InferenceAmi",
    "SAGEMAKER_INSTANCES": "Instances",
    "SAGEMAKER_MAXIMUM_INSTANCES": "MaximumInstances",
    "SAGEMAKER_SERVERLESS": "Serverless",
    "SAGEMAKER_CAPTURE_PERCENTAGE": "CapturePercentage",
    "SAGEMAKER_BAKE_SECONDS": "BakeSeconds",
    "SAGEMAKER_DRIFT_METRICS": "DriftMetrics",
}
# The parameters that config/monitoring.toml sets.
THRESHOLDS = {
    "DriftPsi": ("drift", "psi"),
    "DriftSignificance": ("drift", "significance"),
    "DriftRows": ("drift", "minimum_rows"),
    "DegradedShare": ("limits", "degraded_share"),
    "LatencySeconds": ("objectives", "latency_s"),
}
HOUR_S = 3600
FINAL = ("_COMPLETE", "_FAILED")


def packed_function() -> bytes:
    """Return the alarm function as a zip archive for Lambda, with the same bytes each time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(FUNCTION.name)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, FUNCTION.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def upload_function() -> str:
    """Upload the alarm function to the bucket, and return its key."""
    code = packed_function()
    key = f"code/{hashlib.sha256(code).hexdigest()}.zip"
    client("s3").put_object(Bucket=aws.bootstrap_outputs()["Bucket"], Key=key, Body=code)
    return key


def parameters(image: str, *, traffic: str, percent: int) -> dict[str, str]:
    """Return the stack's parameters.

    Args:
        image: the image, by its digest.
        traffic: CANARY or ALL_AT_ONCE.
        percent: the canary's share of the new instances.
    """
    bootstrap = aws.bootstrap_outputs()
    variables = workflow.repository_variables()
    config = tomllib.loads(Path("config/monitoring.toml").read_text(encoding="utf-8"))
    values = {"Image": image, "Code": upload_function()}
    values |= {name: bootstrap[name] for name in BOOTSTRAP_PARAMETERS}
    values |= {name: str(config[section][key]) for name, (section, key) in THRESHOLDS.items()}
    values |= {name: variables[each] for each, name in VARIABLES.items() if each in variables}
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        values["Repository"] = repository
    # Resources that SageMaker replaces carry this in their names. How the traffic moves is no part
    # of it.
    content = json.dumps(values, sort_keys=True) + TEMPLATE.read_text(encoding="utf-8")
    values["Suffix"] = hashlib.sha256(content.encode()).hexdigest()[:12]
    return values | {"Traffic": traffic, "CanaryPercent": str(percent)}


def status() -> str:
    """Return the stack's status; "" if there is none."""
    stack = aws.stack(workflow.project_name())
    return stack["StackStatus"] if stack else ""


def current_parameters() -> dict[str, str]:
    """Return the parameters of the last update."""
    stack = aws.stack(workflow.project_name()) or {}
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def wait_until_final() -> str:
    """Wait until no update is in progress, and return the status."""
    aws.wait_until(
        lambda: not status() or status().endswith(FINAL),
        timeout_s=2 * HOUR_S,
        what=f"Updating the stack {workflow.project_name()}",
    )
    return status()


def failure_reason() -> str:
    """Return the first failure of the last update, in CloudFormation's words."""
    name = workflow.project_name()
    events: list[dict[str, Any]] = client("cloudformation").describe_stack_events(StackName=name)[
        "StackEvents"
    ]
    reason = ""
    for event in events:  # newest first
        if event["ResourceStatus"].endswith("_FAILED"):
            reason = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        starts = event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
        if starts and event["LogicalResourceId"] == name:
            break
    return reason or "CloudFormation gives no reason"


def delete() -> None:
    """Delete the stack with its endpoint."""
    name = workflow.project_name()
    client("cloudformation").delete_stack(StackName=name)
    aws.wait_until(lambda: not status(), timeout_s=HOUR_S, what=f"Deleting the stack {name}")


def make_updatable() -> None:
    """Cancel an update in progress, repair a failed rollback, delete a stack that never worked."""
    cloudformation, name = client("cloudformation"), workflow.project_name()
    if status() == "UPDATE_IN_PROGRESS":
        cloudformation.cancel_update_stack(StackName=name)
    if wait_until_final() == "UPDATE_ROLLBACK_FAILED":
        # Mostly SageMaker has rolled the endpoint back already, and rejects a second rollback.
        rolled_back = endpoint.image() != current_parameters()["Image"]
        skipped = {"ResourcesToSkip": ["Endpoint"]} if rolled_back else {}
        cloudformation.continue_update_rollback(StackName=name, **skipped)
        if wait_until_final() == "UPDATE_ROLLBACK_FAILED":
            workflow.fail(
                f"The rollback of the stack {name} failed; repair it in the AWS console:"
                f" {failure_reason()}"
            )
    if status() in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        delete()


def deploy(image: str, *, traffic: str, percent: int = 10) -> None:
    """Start to create or update the stack with an image."""
    make_updatable()
    cloudformation = client("cloudformation")
    change = cloudformation.update_stack if status() else cloudformation.create_stack
    values = parameters(image, traffic=traffic, percent=percent)
    try:
        change(
            StackName=workflow.project_name(),
            TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
            ],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
