"""A second endpoint that nobody else asks: one instance with the image that is to be tried."""

import json
import os

import amazon
import steps
from amazon import client, found

STARTS_WITHIN_S = 1800
ENDS_WITHIN_S = 900


def name() -> str:
    """Return the name of the endpoint, of its configuration and of its model."""
    return f"{steps.name()}-canary"


def status() -> str:
    """Return what SageMaker says of it; "" where there is none."""
    known = found(client("sagemaker").describe_endpoint, EndpointName=name())
    return known["EndpointStatus"] if known else ""


def start(image: str) -> None:
    """Start it with an image, in the place of an earlier one, and wait until it answers."""
    remove()
    try:
        make(image)
    except BaseException:  # a refusal ends the program, and what costs money must not outlive it
        remove()
        raise


def make(image: str) -> None:
    """Make model, configuration and endpoint."""
    sagemaker = client("sagemaker")
    settings = json.loads(os.environ.get("VARIABLES") or "{}")
    sagemaker.create_model(
        ModelName=name(),
        ExecutionRoleArn=amazon.account()["EndpointRole"],
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
                "InstanceType": settings.get("SAGEMAKER_INSTANCE_TYPE") or "ml.m5.large",
                "ContainerStartupHealthCheckTimeoutInSeconds": 300,
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name(), EndpointConfigName=name())
    amazon.until(
        lambda: status() not in {"Creating", ""},
        within_s=STARTS_WITHIN_S,
        what=f"The endpoint {name()}",
    )
    if status() != "InService":
        why = sagemaker.describe_endpoint(EndpointName=name()).get(
            "FailureReason", "no reason given"
        )
        steps.refuse(f"The endpoint {name()} does not start: {why}")


def remove() -> None:
    """Remove it, as far as there is something of it."""
    sagemaker = client("sagemaker")
    amazon.until(
        lambda: status() not in {"Creating", "Deleting", "Updating"},
        within_s=STARTS_WITHIN_S,
        what=f"The endpoint {name()}",
    )
    found(sagemaker.delete_endpoint, EndpointName=name())
    amazon.until(lambda: not status(), within_s=ENDS_WITHIN_S, what=f"The end of {name()}")
    found(sagemaker.delete_endpoint_config, EndpointConfigName=name())
    found(sagemaker.delete_model, ModelName=name())
