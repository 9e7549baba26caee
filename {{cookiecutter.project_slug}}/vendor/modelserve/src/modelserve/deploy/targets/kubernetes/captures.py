"""Fetch captures, ground truth and the served model from a running pod."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from ... import workflow
from . import kubectl

UNSET = "The repository variable KUBE_SERVER is not set; docs/deploy.md says what it holds."
PACK = Path(__file__).with_name("pack_captures.py")


def is_ready(pod: kubectl.Object) -> bool:
    """Tell whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return {each["type"]: each["status"] for each in conditions}.get("Ready") == "True"


def running_pod() -> str:
    """Return a ready pod of the stable track; all of them share the volume of captures."""
    selector = f"app.kubernetes.io/name={workflow.project_name()},track=stable"
    pods = kubectl.read("pods", f"--selector={selector}")["items"]
    ready = [pod["metadata"]["name"] for pod in pods if is_ready(pod)]
    if not ready:
        workflow.fail(f"No pod of {selector} is ready in the namespace {kubectl.namespace()}.")
    return str(ready[0])


def fetch(pod: str, since: str, until: str) -> None:
    """Run `pack_captures.py` in a pod, and unpack its output into `fetched/`."""
    shutil.rmtree(workflow.FETCHED, ignore_errors=True)
    words = ("exec", "--stdin", pod, "--container=service", "--", "python", "-", since, until)
    command = (kubectl.KUBECTL, f"--namespace={kubectl.namespace()}", *words)
    with (
        PACK.open("rb") as program,
        subprocess.Popen(command, stdin=program, stdout=subprocess.PIPE) as packing,
    ):
        try:
            with tarfile.open(fileobj=packing.stdout, mode="r|gz") as archive:
                archive.extractall(workflow.FETCHED, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            workflow.fail(f"{pod} sent an incomplete archive: {error}")
    if packing.returncode:
        workflow.fail(f"{pod} could not pack its captures; its message is above.")


def main() -> None:
    """Fetch if a cluster is configured; set the output `configured`."""
    if "KUBE_SERVER" not in workflow.repository_variables():
        workflow.skip_fetch(UNSET)
        return
    fetch(running_pod(), os.environ.get("SINCE", ""), os.environ.get("UNTIL", ""))
    workflow.set_output(configured="true")
