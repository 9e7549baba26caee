"""Read what an endpoint serves from SageMaker, the only place that knows."""

from ... import workflow
from .aws import client, get_or_none


def image(name: str = "") -> str:
    """Return the image that an endpoint, production's by default, serves; "" if there is none."""
    sagemaker = client("sagemaker")
    endpoint = get_or_none(
        sagemaker.describe_endpoint, EndpointName=name or workflow.project_name()
    )
    if not endpoint:
        return ""
    configuration = sagemaker.describe_endpoint_config(
        EndpointConfigName=endpoint["EndpointConfigName"]
    )
    model = sagemaker.describe_model(ModelName=configuration["ProductionVariants"][0]["ModelName"])
    return str(model["PrimaryContainer"]["Image"])


def is_baking(name: str) -> bool:
    """Tell whether a new revision has its share of the traffic while SageMaker watches alarms."""
    endpoint = client("sagemaker").describe_endpoint(EndpointName=name)
    pending = endpoint.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    return any(
        status["Status"] == "Baking"
        for variant in pending
        for status in variant.get("VariantStatus", [])
    )
