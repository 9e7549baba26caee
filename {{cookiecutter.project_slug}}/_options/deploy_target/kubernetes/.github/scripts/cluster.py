"""The cluster as `kubectl` shows it, in the namespace of the environment that is deployed to."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import steps

KUBECTL = "kubectl"
PLACEHOLDER = "image-by-digest"  # what the manifests name instead of an image
IMAGE = re.compile(r"(\S+)@(sha256:[0-9a-f]{64})")
NAMESPACE = re.compile(r"^namespace: (\S+)$", re.MULTILINE)
APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=rollout")
ANSWERS_WITHIN_S = 60
READS = 3  # that fail until the last one's failure counts
PAUSE_S = 2

Object = dict[str, Any]


def variable(name: str, default: str = "") -> str:
    """Return one of the repository's variables."""
    return str(json.loads(os.environ.get("VARIABLES") or "{}").get(name) or default)


def overlay() -> str:
    """Return the folder of the environment that is deployed to."""
    return f"deploy/overlays/{variable('KUBE_OVERLAY', 'production')}"


def namespace() -> str:
    """Return the environment's namespace, as its manifests have it."""
    path = Path(overlay(), "kustomization.yaml")
    found = path.is_file() and NAMESPACE.search(path.read_text(encoding="utf-8"))
    if not found:
        steps.refuse(f"{path} names no namespace; KUBE_OVERLAY is a folder of deploy/overlays/.")
    return found[1]


def split(image: str) -> tuple[str, str]:
    """Return an image's name and its digest, or end: a tag may be another image tomorrow."""
    found = IMAGE.fullmatch(image)
    if not found:
        steps.refuse(f"{image!r} is no image by its digest; write it as NAME@sha256:….")
    return found[1], found[2]


def ask(
    *words: str, given: str = "", timeout_s: float = ANSWERS_WITHIN_S
) -> subprocess.CompletedProcess[str]:
    """Run `kubectl` and return how it ended."""
    command = (KUBECTL, f"--namespace={namespace()}", *words)
    try:
        return subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        steps.refuse(f"There is no {KUBECTL} here; install it.")
    except subprocess.TimeoutExpired:
        steps.refuse(f"{' '.join(command)}: no answer within {timeout_s:.0f} s.")


def run(*words: str, given: str = "") -> str:
    """Run `kubectl`, which must succeed, and return what it says."""
    done = ask(*words, given=given)
    if done.returncode:
        steps.refuse(f"{KUBECTL} {' '.join(words)}: {' '.join(done.stderr.split())}")
    return done.stdout


def read(*words: str) -> Object:
    """Return what the cluster holds, or {} where it holds nothing; one failure is none yet."""
    words = ("get", *words, "--output=json")
    for _ in range(READS - 1):
        done = ask(*words)
        if not done.returncode:
            return dict(json.loads(done.stdout or "{}"))
        time.sleep(PAUSE_S)
    return dict(json.loads(run(*words) or "{}"))


@contextmanager
def pinned(image: str, *components: str) -> Iterator[str]:
    """Yield a folder with the environment's manifests, which name this image."""
    name, digest = split(image)
    with TemporaryDirectory() as made:
        folder = Path(made).resolve()
        top = os.path.relpath(Path.cwd(), folder).replace(os.sep, "/")
        plan = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"{top}/{overlay()}"],
            "components": [f"{top}/deploy/{component}" for component in components],
            "images": [{"name": PLACEHOLDER, "newName": name, "digest": digest}],
        }
        # JSON is YAML.
        (folder / "kustomization.yaml").write_text(json.dumps(plan), encoding="utf-8")
        yield str(folder)


def apply(image: str, *components: str) -> None:
    """Bring the cluster to what the environment's manifests say, with this image."""
    with pinned(image, *components) as folder:
        run(*APPLY, f"--kustomize={folder}")


def apply_monitoring() -> None:
    """Bring alerts and dashboards to the Prometheus Operator, where there is one."""
    if variable("KUBE_MONITORING") == "prometheus-operator":
        command = [sys.executable, "deploy/prometheus/objects.py"]
        objects = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        run(*APPLY, "--filename=-", given=objects)
