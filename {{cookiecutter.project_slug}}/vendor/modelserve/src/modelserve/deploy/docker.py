"""Run docker: log in to a registry, copy the model out of an image."""

import subprocess
import sys

from . import workflow

DOCKER = "docker"
MODEL_IN_IMAGE = "/app/model"


def login(registry: str, user: str, password: str) -> int:
    """Log in to a registry, and return docker's exit code.

    The password goes through standard input: a command line can be read by every process.
    """
    words = [DOCKER, "login", f"--username={user}", "--password-stdin", registry]
    return subprocess.run(words, input=password, text=True, check=False).returncode


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
