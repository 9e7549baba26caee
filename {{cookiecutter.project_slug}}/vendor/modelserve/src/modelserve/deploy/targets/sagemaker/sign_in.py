"""Install the AWS client, and log docker in to the account's registry.

AWS' own action has signed in before this.
"""

import base64
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from ... import docker, workflow

LOCK = "requirements/deployment.txt"
STAGE = "sagemaker"  # of the Dockerfile
PIP = (sys.executable, "-m", "pip")


def install_client() -> None:
    """Install boto3 from its hashed lock into a folder on the path of this and later steps."""
    folder = str(Path(os.environ["RUNNER_TEMP"], "aws-client"))
    options = ("--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--upgrade")
    command = [*PIP, "install", *options, "--require-hashes", "--target", folder]
    code = subprocess.run([*command, "--requirement", LOCK], check=False).returncode
    if code:
        sys.exit(code)
    sys.path.append(folder)
    importlib.invalidate_caches()
    paths = [path for path in (os.environ.get("PYTHONPATH"), folder) if path]
    workflow.set_environment(PYTHONPATH=os.pathsep.join(paths))


def log_in_to_registry() -> None:
    """Log docker in; set the outputs `image`, without a digest, and `stage`."""
    from . import aws  # pylint: disable=import-outside-toplevel  # needs the client

    image = aws.bootstrap_outputs()["Registry"]
    token = aws.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    if code := docker.login(image.partition("/")[0], user, password):
        sys.exit(code)
    workflow.set_output(image=image, stage=STAGE)


def main() -> None:
    """Sign in."""
    if importlib.util.find_spec("boto3") is None:
        install_client()
    log_in_to_registry()
