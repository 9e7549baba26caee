"""Say what the registry calls the project's image."""

import gcloud
import steps


def main() -> None:
    """Hand on `image`, without a tag."""
    known = gcloud.settings()
    registry = f"{known['GCP_REGION']}-docker.pkg.dev/{known['GCP_PROJECT']}"
    steps.hand_on(image=f"{registry}/{steps.name()}/service")


if __name__ == "__main__":
    main()
