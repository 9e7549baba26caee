"""Tell `kubectl` where the cluster is, and where it gets a token whenever it needs one."""

import base64
import json
import os
import sys
from pathlib import Path

import cluster_token

AUDIENCE = "kubernetes"


def kubeconfig(server: str, authority: str, audience: str) -> dict:
    """Return a configuration that holds no secret.

    Args:
        server: the address of the API server.
        authority: its certificate authority in PEM, or "" where the machine trusts it.
        audience: what the API server wants to be called in a token.
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


def main() -> None:
    """Write the configuration, and have the following steps find it."""
    variables = json.loads(os.environ["VARIABLES"])
    server = variables.get("KUBE_SERVER", "")
    if not server.startswith("https://"):
        sys.stdout.write("::error::The repository variable KUBE_SERVER is no https:// address.\n")
        sys.exit(2)
    audience = variables.get("KUBE_AUDIENCE") or AUDIENCE
    # It is not used: where GitHub offers none, that is said here and not by kubectl.
    sys.stdout.write(f"::add-mask::{cluster_token.fetch(audience)}\n")

    path = Path(os.environ["RUNNER_TEMP"], "kubeconfig")
    path.unlink(missing_ok=True)
    content = json.dumps(kubeconfig(server, variables.get("KUBE_CA", ""), audience))
    with open(path, "x", encoding="utf-8", opener=_private) as stream:
        stream.write(content)
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as stream:
        stream.write(f"KUBECONFIG={path}\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


if __name__ == "__main__":
    main()
