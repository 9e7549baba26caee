"""Name the project's image in the registry; Google's own actions sign in."""

from ... import workflow
from . import gcloud

STAGE = "runtime"  # of the Dockerfile


def registry_host() -> str:
    """Return the host of the registry in the service's region."""
    return f"{gcloud.settings()['GCP_REGION']}-docker.pkg.dev"


def main() -> None:
    """Set the outputs `image`, without a tag, and `stage`."""
    project = gcloud.settings()["GCP_PROJECT"]
    image = f"{registry_host()}/{project}/{workflow.project_name()}/service"
    workflow.set_output(image=image, stage=STAGE)
