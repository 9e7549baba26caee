"""Run Google's command line, and raise its own message when it fails."""

import json
import subprocess
from typing import Any

from ... import workflow

GCLOUD = "gcloud"
TIMEOUT_S = 900  # a new revision may take minutes until it is ready
MAX_MESSAGE_CHARACTERS = 2_000

# The repository variables that deploy/set-up.sh prints.
VARIABLES = (
    "GCP_PROJECT",
    "GCP_REGION",
    "GCP_WORKLOAD_IDENTITY_PROVIDER",
    "GCP_SERVICE_ACCOUNT",
    "GCP_CALLER",
    "GCP_BUCKET",
)


class GcloudError(RuntimeError):
    """A gcloud command failed or timed out."""


def settings() -> dict[str, str]:
    """Return the repository variables that a deployment needs; exit if one is missing."""
    known = workflow.repository_variables()
    if missing := [name for name in VARIABLES if name not in known]:
        workflow.fail(
            f"Repository variables are missing: {', '.join(missing)}."
            " Run deploy/set-up.sh; it creates what they name, and prints them."
        )
    return {name: known[name] for name in VARIABLES}


def run(*words: str) -> str:
    """Run a command in the project, and return its output.

    Raises:
        GcloudError: it failed or timed out; the message is gcloud's own.
    """
    command = [GCLOUD, *words, f"--project={settings()['GCP_PROJECT']}", "--quiet"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise GcloudError(f"{' '.join(words)}: no answer within {TIMEOUT_S} s.") from error
    if done.returncode:
        message = done.stderr.strip()[-MAX_MESSAGE_CHARACTERS:]
        raise GcloudError(f"{' '.join(words)}: {message or f'exit code {done.returncode}.'}")
    return done.stdout.strip()


def read(*words: str) -> Any:
    """Run a command that describes or lists something, and return the parsed JSON.

    Raises:
        GcloudError: as for `run`.
    """
    return json.loads(run(*words, "--format=json") or "null")


def region() -> str:
    """Return the region of the service as a flag."""
    return f"--region={settings()['GCP_REGION']}"
