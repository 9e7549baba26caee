"""Run `kubectl` in the namespace of the environment that is deployed to."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ... import workflow

KUBECTL = "kubectl"
PLACEHOLDER = "image-by-digest"  # the image's name in the manifests
IMAGE = re.compile(r"(\S+)@(sha256:[0-9a-f]{64})")
NAMESPACE = re.compile(r"^namespace: (\S+)$", re.MULTILINE)
APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=rollout")
TIMEOUT_S = 60
ATTEMPTS = 3  # of a read
PAUSE_S = 2

Object = dict[str, Any]


def overlay() -> str:
    """Return the folder of the environment that is deployed to."""
    name = workflow.repository_variables().get("KUBE_OVERLAY", "production")
    return f"deploy/overlays/{name}"


def namespace() -> str:
    """Return the environment's namespace, which its manifests name; exit if they do not."""
    path = Path(overlay(), "kustomization.yaml")
    match = NAMESPACE.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    if not match:
        workflow.fail(
            f"{path} names no namespace; set KUBE_OVERLAY to a folder in deploy/overlays/."
        )
    return match[1]


def split_digest(image: str) -> tuple[str, str]:
    """Return the name and the digest of an image; exit without a digest, for a tag can move."""
    match = IMAGE.fullmatch(image)
    if not match:
        workflow.fail(f"{image!r} has no digest; write the image as NAME@sha256:….")
    return match[1], match[2]


def try_run(
    *words: str, stdin: str = "", timeout_s: float = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run `kubectl`, and return the process whatever its exit code is."""
    command = (KUBECTL, f"--namespace={namespace()}", *words)
    try:
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        workflow.fail(f"{KUBECTL} is not installed; install it.")
    except subprocess.TimeoutExpired:
        workflow.fail(f"{' '.join(command)}: no answer within {timeout_s:.0f} s.")


def run(*words: str, stdin: str = "") -> str:
    """Run `kubectl`, and return its output; exit with its error if it fails."""
    done = try_run(*words, stdin=stdin)
    if done.returncode:
        workflow.fail(f"{KUBECTL} {' '.join(words)}: {' '.join(done.stderr.split())}")
    return done.stdout


def read(*words: str) -> Object:
    """Return an object of the cluster, or {} if there is none; try again after a failure."""
    words = ("get", *words, "--output=json")
    for _ in range(ATTEMPTS - 1):
        done = try_run(*words)
        if not done.returncode:
            return dict(json.loads(done.stdout or "{}"))
        time.sleep(PAUSE_S)
    return dict(json.loads(run(*words) or "{}"))


@contextmanager
def kustomization(image: str, *components: str) -> Iterator[str]:
    """Yield a folder with the environment's manifests, in which the placeholder is this image."""
    name, digest = split_digest(image)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        top = os.path.relpath(Path.cwd(), folder).replace(os.sep, "/")
        content = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"{top}/{overlay()}"],
            "components": [f"{top}/deploy/{component}" for component in components],
            "images": [{"name": PLACEHOLDER, "newName": name, "digest": digest}],
        }
        # JSON is YAML.
        (folder / "kustomization.yaml").write_text(json.dumps(content), encoding="utf-8")
        yield str(folder)


def apply(image: str, *components: str) -> None:
    """Apply the environment's manifests with this image."""
    with kustomization(image, *components) as folder:
        run(*APPLY, f"--kustomize={folder}")
