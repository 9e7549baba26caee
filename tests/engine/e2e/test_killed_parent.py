"""Workers end with their parent, even if it is killed, and give its port back."""

import http.client
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.engine.e2e.workers import STARTED

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM and no SIGKILL"),
]

HOST = "127.0.0.1"
ENDS_WITHIN_S = 5.0  # two on a machine that has nothing else to do

Serve = Callable[..., Any]


def runs(process: int) -> bool:
    """Return whether a process exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def is_refused(port: int) -> bool:
    """Return whether nothing listens on a port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_workers_end_when_their_parent_is_killed_and_the_port_is_free(serve: Serve) -> None:
    service = serve("--workers", "2")
    service.until(lambda: service.log.read_text("utf-8").count(STARTED) == 2)
    found = re.findall(r"Started server process \[(\d+)\]", service.log.read_text("utf-8"))
    workers = [int(process) for process in found]
    assert len(workers) == 2
    assert all(runs(each) for each in workers)
    assert service.ask("GET", "/health/live")[0] == 200

    service.process.send_signal(signal.SIGKILL)
    service.process.wait()

    deadline = time.monotonic() + ENDS_WITHIN_S
    while any(runs(each) for each in workers):
        assert time.monotonic() < deadline, "workers outlive their parent"
        time.sleep(0.02)
    with closing(socket.create_server((HOST, service.port))):
        pass


def test_a_client_is_refused_once_workers_stop_instead_of_waiting_in_a_queue(
    serve: Serve,
) -> None:
    service = serve("--workers", "2")
    service.until(lambda: service.log.read_text("utf-8").count(STARTED) == 2)
    with closing(http.client.HTTPConnection(HOST, service.port, timeout=10)) as connection:
        connection.request("GET", "/health/live")
        assert connection.getresponse().read()
        service.process.send_signal(signal.SIGTERM)  # the open connection delays the end
        service.until(lambda: is_refused(service.port))
        connection.request("GET", "/health/live")
        assert connection.getresponse().getheader("connection") == "close"
    assert service.process.wait(15) == 0
