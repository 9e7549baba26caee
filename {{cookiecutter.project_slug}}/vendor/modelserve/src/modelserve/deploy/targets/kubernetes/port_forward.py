"""Forward a local port to one pod of a Service, which only this machine can reach."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from socket import socket

from ... import workflow
from . import kubectl

TIMEOUT_S = 30


def free_port() -> int:
    """Return a local port that nothing listens on."""
    with closing(socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the pod answers; exit if it does not."""
    deadline = time.monotonic() + TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  a local address
                return
        except OSError:
            time.sleep(0.2)
    workflow.fail(f"No answer through the port forward at {url}; kubectl's message is above.")


@contextmanager
def to_service(service: str) -> Iterator[str]:
    """Yield the pod's local address while the port is forwarded."""
    port = free_port()
    words = ("port-forward", "--address=127.0.0.1", f"service/{service}", f"{port}:80")
    command = (kubectl.KUBECTL, f"--namespace={kubectl.namespace()}", *words)
    # kubectl prints a line for each connection, which nobody reads; a full pipe would stop it.
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
