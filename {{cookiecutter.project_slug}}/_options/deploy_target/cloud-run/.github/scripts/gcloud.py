"""Runs Google's command line, and says what it said when it fails."""

import json
import os
import subprocess
from typing import Any

import steps

GCLOUD = "gcloud"
TIMEOUT_S = 900  # a new revision may take minutes until it is ready
LONGEST_COMPLAINT = 2_000

# Each is a repository variable; deploy/set-up.sh prints them all.
VARIABLES = (
    "GCP_PROJECT",
    "GCP_REGION",
    "GCP_WORKLOAD_IDENTITY_PROVIDER",
    "GCP_SERVICE_ACCOUNT",
    "GCP_CALLER",
    "GCP_BUCKET",
)


class GcloudError(RuntimeError):
    """Google's command line could not do what it was asked for."""


def settings() -> dict[str, str]:
    """Return the repository's variables that are needed; refuse to go on without them."""
    known = json.loads(os.environ["VARIABLES"])
    if missing := [name for name in VARIABLES if not known.get(name)]:
        steps.refuse(
            f"Repository variables are missing: {', '.join(missing)}."
            " deploy/set-up.sh makes what they name, and prints them."
        )
    return {name: str(known[name]) for name in VARIABLES}


def text(*words: str) -> str:
    """Run a command in the project, and return what it prints.

    Raises:
        GcloudError: it failed, or took too long; the message is its own.
    """
    command = [GCLOUD, *words, f"--project={settings()['GCP_PROJECT']}", "--quiet"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise GcloudError(f"{' '.join(words)}: no answer in {TIMEOUT_S} s.") from error
    if done.returncode:
        said = done.stderr.strip()[-LONGEST_COMPLAINT:]
        raise GcloudError(f"{' '.join(words)}: {said or f'it ended with {done.returncode}.'}")
    return done.stdout.strip()


def read(*words: str) -> Any:
    """Run a command that tells something, and return it.

    Raises:
        GcloudError: as `text` has it.
    """
    return json.loads(text(*words, "--format=json") or "null")


def region() -> str:
    """Return where the service runs, as a flag."""
    return f"--region={settings()['GCP_REGION']}"
