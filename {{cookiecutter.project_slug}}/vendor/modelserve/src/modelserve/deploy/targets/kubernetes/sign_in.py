"""Log docker in to the image's registry, and configure `kubectl` without storing a secret."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from ... import docker, workflow
from . import cluster_token

AUDIENCE = "kubernetes"
STAGE = "runtime"  # of the Dockerfile


def log_in_to_registry(image: str, token: str) -> None:
    """Log docker in to an image's registry; a job that pushes nothing may lack the permission."""
    registry = image.partition("/")[0]
    if docker.login(registry, "token", token):
        workflow.notice(f"{registry} rejects this job's token; it cannot push images.")


def kubeconfig(server: str, authority: str, audience: str) -> dict[str, Any]:
    """Return a configuration that holds no secret.

    Args:
        server: the address of the API server.
        authority: its certificate authority in PEM, or "" if the machine trusts it.
        audience: the audience that the API server expects in a token.
    """
    cluster = {"server": server}
    if authority:
        cluster["certificate-authority-data"] = base64.b64encode(authority.encode()).decode()
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(Path(cluster_token.__file__).resolve())],
        "env": [{"name": "KUBE_AUDIENCE", "value": audience}],
        "interactiveMode": "Never",
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "workflow", "user": {"exec": plugin}}],
        "contexts": [{"name": "here", "context": {"cluster": "cluster", "user": "workflow"}}],
        "current-context": "here",
    }


def configure_kubectl() -> None:
    """Write the configuration, and set KUBECONFIG for the steps that follow."""
    variables = workflow.repository_variables()
    server = variables.get("KUBE_SERVER", "")
    if not server.startswith("https://"):
        workflow.fail("The repository variable KUBE_SERVER is no https:// address.")
    audience = variables.get("KUBE_AUDIENCE", AUDIENCE)
    # The token is not used: without the permission for one, this fails, and not kubectl later.
    sys.stdout.write(f"::add-mask::{cluster_token.fetch(audience)}\n")

    path = Path(os.environ["RUNNER_TEMP"], "kubeconfig")
    path.unlink(missing_ok=True)
    content = json.dumps(kubeconfig(server, variables.get("KUBE_CA", ""), audience))
    with open(path, "x", encoding="utf-8", opener=_open_private) as stream:
        stream.write(content)
    workflow.set_environment(KUBECONFIG=str(path))


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def main() -> None:
    """Sign in; set the outputs `image` and `stage`."""
    image = os.environ["IMAGE"].lower()
    workflow.set_output(image=image, stage=STAGE)
    if token := os.environ.get("TOKEN"):
        log_in_to_registry(image, token)
    configure_kubectl()
