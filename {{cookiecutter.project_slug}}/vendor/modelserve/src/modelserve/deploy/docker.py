"""Run docker: log in to a registry, copy the model out of an image."""

import json
import os
import subprocess
import sys
from pathlib import Path

from . import workflow

DOCKER = "docker"
MODEL_IN_IMAGE = "/app/model"


def login(registry: str, user: str, password: str) -> int:
    """Log in to a registry, and return docker's exit code.

    The password goes through standard input: a command line can be read by every process. It is
    kept in docker's configuration file: actions/attest reads that file, and runs no helper.
    """
    disable_credential_helper(registry)
    words = [DOCKER, "login", f"--username={user}", "--password-stdin", registry]
    return subprocess.run(words, input=password, text=True, check=False).returncode


def disable_credential_helper(registry: str) -> None:
    """Have docker keep this registry's password in its configuration file, as it does by default.

    A machine that runs several workflows may have a helper, such as one that an earlier
    `gcloud auth configure-docker` has configured.
    """
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    path = Path(folder, "config.json")
    if not path.is_file():
        return
    config = json.loads(path.read_text(encoding="utf-8"))
    helpers = config.get("credHelpers", {})
    if not helpers.get(registry, config.get("credsStore")):
        return
    helpers.pop(registry, None)
    if config.get("credsStore"):
        helpers[registry] = ""  # docker's way to exempt one registry from the store of all
    config["credHelpers"] = helpers
    path.write_text(json.dumps(config, indent=4), encoding="utf-8")


def copy_model(image: str) -> None:
    """Copy the model out of an image, without running it, or exit with docker's exit code.

    The image that serves has the model that answers, also after a rollback.
    """
    created = subprocess.run(
        [DOCKER, "create", image], stdout=subprocess.PIPE, text=True, check=False
    )
    if created.returncode:
        sys.exit(created.returncode)
    container = created.stdout.strip()
    copy = [DOCKER, "cp", f"{container}:{MODEL_IN_IMAGE}", str(workflow.SERVED_MODEL)]
    copied = subprocess.run(copy, check=False)
    subprocess.run([DOCKER, "rm", "--force", container], check=False, stdout=subprocess.DEVNULL)
    if copied.returncode:
        sys.exit(copied.returncode)
