"""A second endpoint for the smoke test: one instance with the new image, which no client calls."""

from ... import workflow
from . import aws
from .aws import client, get_or_none

START_TIMEOUT_S = 1800
DELETE_TIMEOUT_S = 900
INSTANCE_TYPE = "ml.m5.large"


def name() -> str:
    """Return the name of the endpoint, of its configuration and of its model."""
    return f"{workflow.project_name()}-canary"


def status() -> str:
    """Return the endpoint's status; "" if there is none."""
    endpoint = get_or_none(client("sagemaker").describe_endpoint, EndpointName=name())
    return endpoint["EndpointStatus"] if endpoint else ""


def start(image: str) -> None:
    """Start the endpoint with an image, after deleting an earlier one, and wait until it serves."""
    delete()
    try:
        create(image)
    except BaseException:  # `fail` raises SystemExit, and what costs money must not stay behind
        delete()
        raise


def create(image: str) -> None:
    """Create model, configuration and endpoint."""
    sagemaker = client("sagemaker")
    variables = workflow.repository_variables()
    ami = variables.get("SAGEMAKER_INFERENCE_AMI")
    sagemaker.create_model(
        ModelName=name(),
        ExecutionRoleArn=aws.bootstrap_outputs()["EndpointRole"],
        EnableNetworkIsolation=True,
        PrimaryContainer={
            "Image": image,
            "Environment": {"LOG_PROFILE": "aws", "DRIFT_METRICS": "false"},
        },
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name(),
        MetricsConfig={"EnableDetailedObservability": False},
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": name(),
                "InitialInstanceCount": 1,
                "InstanceType": variables.get("SAGEMAKER_INSTANCE_TYPE", INSTANCE_TYPE),
                "ContainerStartupHealthCheckTimeoutInSeconds": 300,
                **({"InferenceAmiVersion": ami} if ami else {}),
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name(), EndpointConfigName=name())
    aws.wait_until(
        lambda: status() not in {"Creating", ""},
        timeout_s=START_TIMEOUT_S,
        what=f"Starting the endpoint {name()}",
    )
    if status() != "InService":
        endpoint = sagemaker.describe_endpoint(EndpointName=name())
        reason = endpoint.get("FailureReason", "SageMaker gives no reason")
        workflow.fail(f"The endpoint {name()} does not start: {reason}")


def delete() -> None:
    """Delete the endpoint, its configuration and its model, whichever of them exist."""
    sagemaker = client("sagemaker")
    aws.wait_until(
        lambda: status() not in {"Creating", "Deleting", "Updating"},
        timeout_s=START_TIMEOUT_S,
        what=f"A change of the endpoint {name()}",
    )
    get_or_none(sagemaker.delete_endpoint, EndpointName=name())
    aws.wait_until(
        lambda: not status(), timeout_s=DELETE_TIMEOUT_S, what=f"Deleting the endpoint {name()}"
    )
    get_or_none(sagemaker.delete_endpoint_config, EndpointConfigName=name())
    get_or_none(sagemaker.delete_model, ModelName=name())
