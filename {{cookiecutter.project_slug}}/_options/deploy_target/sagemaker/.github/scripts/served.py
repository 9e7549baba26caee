"""What the endpoint serves, as SageMaker tells it; nothing is kept about it anywhere else."""

import steps
from amazon import client, found


def image(endpoint: str = "") -> str:
    """Return the image that production, or another endpoint, answers from; "" without one."""
    sagemaker = client("sagemaker")
    known = found(sagemaker.describe_endpoint, EndpointName=endpoint or steps.name())
    if not known:
        return ""
    configuration = sagemaker.describe_endpoint_config(
        EndpointConfigName=known["EndpointConfigName"]
    )
    model = sagemaker.describe_model(ModelName=configuration["ProductionVariants"][0]["ModelName"])
    return str(model["PrimaryContainer"]["Image"])


def is_baking(endpoint: str) -> bool:
    """Tell whether a new revision has its part of the traffic, and is watched."""
    known = client("sagemaker").describe_endpoint(EndpointName=endpoint)
    pending = known.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    return any(
        status["Status"] == "Baking"
        for variant in pending
        for status in variant.get("VariantStatus", [])
    )
