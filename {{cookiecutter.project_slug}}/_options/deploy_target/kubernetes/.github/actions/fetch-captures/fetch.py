"""Unpack into fetched/ what `pack.py` packs inside a running pod."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import cluster
import steps

UNSET = "The repository variable KUBE_SERVER is not set; docs/deploy.md says what it holds."
PACK = Path(__file__).with_name("pack.py")


def is_ready(pod: cluster.Object) -> bool:
    """Tell whether a pod answers."""
    conditions = pod.get("status", {}).get("conditions", [])
    return {each["type"]: each["status"] for each in conditions}.get("Ready") == "True"


def running_pod() -> str:
    """Return a ready pod of the stable track; all of them see the same captures."""
    selector = f"app.kubernetes.io/name={steps.name()},track=stable"
    pods = cluster.read("pods", f"--selector={selector}")["items"]
    ready = [pod["metadata"]["name"] for pod in pods if is_ready(pod)]
    if not ready:
        steps.refuse(f"No pod of {selector} is ready in the namespace {cluster.namespace()}.")
    return str(ready[0])


def fetch(pod: str, since: str, until: str) -> None:
    """Have the pod pack what is wanted, and unpack it while it comes."""
    shutil.rmtree(steps.FETCHED, ignore_errors=True)
    words = ("exec", "--stdin", pod, "--container=service", "--", "python", "-", since, until)
    command = (cluster.KUBECTL, f"--namespace={cluster.namespace()}", *words)
    with (
        PACK.open("rb") as program,
        subprocess.Popen(command, stdin=program, stdout=subprocess.PIPE) as packing,
    ):
        try:
            with tarfile.open(fileobj=packing.stdout, mode="r|gz") as archive:
                archive.extractall(steps.FETCHED, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            steps.refuse(f"What {pod} sent is no whole archive: {error}")
    if packing.returncode:
        steps.refuse(f"{pod} could not pack; its own words stand above.")


def main() -> None:
    """Fetch, where there is a cluster to fetch from."""
    if not cluster.variable("KUBE_SERVER"):
        sys.stdout.write(f"::notice title=Nothing to compare with::{UNSET}\n")
        steps.hand_on(configured="false")
        return
    fetch(running_pod(), os.environ["SINCE"], os.environ["UNTIL"])
    steps.hand_on(configured="true")


if __name__ == "__main__":
    main()
