"""A tunnel from this machine to one pod of a Service, which nobody else can ask through it."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from socket import socket

import cluster
import steps

REACHED_WITHIN_S = 30


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with closing(socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, tunnel: subprocess.Popen[bytes]) -> None:
    """Wait until something answers, or end."""
    deadline = time.monotonic() + REACHED_WITHIN_S
    while tunnel.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  it is of this machine
                return
        except OSError:
            time.sleep(0.2)
    steps.refuse(f"Nothing answers through the tunnel at {url}; its own words stand above.")


@contextmanager
def opened(service: str) -> Iterator[str]:
    """Yield where the pod answers, as long as the tunnel is open."""
    port = free_port()
    words = ("port-forward", "--address=127.0.0.1", f"service/{service}", f"{port}:80")
    command = (cluster.KUBECTL, f"--namespace={cluster.namespace()}", *words)
    # It says a line about each connection, which nobody reads; a full pipe would stop it.
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as tunnel:
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", tunnel)
            yield f"http://127.0.0.1:{port}"
        finally:
            tunnel.terminate()
