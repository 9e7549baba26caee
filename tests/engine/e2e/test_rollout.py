"""A keep-alive client loses no request while the service is replaced by its next instance."""

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32",
        reason="Windows has no SIGTERM: a process is ended, not asked to stop",
    ),
]

HOST = "127.0.0.1"
CLIENTS = 32
RESTARTS = 6
PAUSE_S = 0.05  # between two requests of a client

Row = dict[str, Any]


class KeepAliveClient(threading.Thread):
    """Sends predictions one after the other, over one connection as long as it can.

    It tries again to connect, as a load balancer does, but never sends a request twice.

    Args:
        ports: of the instance that accepts connections, the last one.
        body: of each request.
        stopped: ends it.
    """

    def __init__(self, ports: list[int], body: bytes, stopped: threading.Event) -> None:
        super().__init__()
        self._ports, self._body, self._stopped = ports, body, stopped
        self.failures: list[str] = []
        self.answered = self.connections = 0

    def run(self) -> None:
        """Send until it is stopped."""
        connection = self._connect()
        while not self._stopped.wait(PAUSE_S):
            try:
                connection.request("POST", "/predict", self._body)
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.failures.append(f"status {response.status}")
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            if connection.sock is None:  # the answer said `Connection: close`
                connection = self._connect()
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        while True:
            connection = http.client.HTTPConnection(HOST, self._ports[-1], timeout=10)
            try:
                connection.connect()
            except ConnectionRefusedError:
                time.sleep(0.01)
                continue
            connection.auto_open = 0
            self.connections += 1
            return connection


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_is_lost_in_six_restarts_under_keep_alive_load(
    serve: Callable[..., Any], row: Row, workers: str
) -> None:
    body = json.dumps({"instances": [row]}).encode()
    service = serve("--workers", workers)
    ports, stopped = [service.port], threading.Event()
    clients = [KeepAliveClient(ports, body, stopped) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    codes = []
    try:
        for _ in range(RESTARTS):
            successor = serve("--workers", workers)
            time.sleep(0.5)
            ports.append(successor.port)  # new connections go there
            codes.append(service.stop())
            service = successor
        time.sleep(0.5)
    finally:
        stopped.set()
        for client in clients:
            client.join()
    assert [failure for client in clients for failure in client.failures] == []
    assert codes == [0] * RESTARTS
    assert min(client.connections for client in clients) >= RESTARTS, "none has moved"
    assert sum(client.answered for client in clients) > CLIENTS * RESTARTS
