"""Log docker in to the project's registry with an access token of the workflow's identity."""

import sys

from ... import docker
from . import gcloud
from .sign_in import registry_host

USER = "oauth2accesstoken"  # what Artifact Registry calls everyone who has an access token


def main() -> None:
    """Log in, or exit with docker's exit code.

    The token expires after five minutes, as the token of GitHub's that it was exchanged for: log in
    again before a later step uses the registry.
    """
    token = gcloud.run("auth", "print-access-token")
    if code := docker.login(registry_host(), USER, token):
        sys.exit(code)
