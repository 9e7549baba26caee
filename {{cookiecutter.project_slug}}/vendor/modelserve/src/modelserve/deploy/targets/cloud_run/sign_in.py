"""Name the project's image in the registry; Google's own actions sign in."""

from ... import workflow
from . import gcloud

STAGE = "runtime"  # of the Dockerfile


def main() -> None:
    """Set the outputs `image`, without a tag, and `stage`."""
    known = gcloud.settings()
    registry = f"{known['GCP_REGION']}-docker.pkg.dev/{known['GCP_PROJECT']}"
    workflow.set_output(image=f"{registry}/{workflow.project_name()}/service", stage=STAGE)
