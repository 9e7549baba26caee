"""Clients that hold connections without sending keep no one else from an answer."""

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

HOST = "127.0.0.1"
PATIENCE_S = 10
FILES = 256

Serve = Callable[..., Any]
Row = dict[str, Any]
Hold = Callable[[Any, bytes, int], list[socket.socket]]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Return a function that opens connections, sends some bytes over each, and keeps them."""
    with ExitStack() as open_ones:

        def connect(service: Any, sent: bytes, count: int) -> list[socket.socket]:
            held = []
            for _ in range(count):
                address = (HOST, service.port)
                held.append(open_ones.enter_context(socket.create_connection(address, PATIENCE_S)))
                held[-1].sendall(sent)
            return held

        yield connect


def half_a_request(row: Row) -> bytes:
    """Return the head of a prediction and half of its body."""
    body = json.dumps({"instances": [row]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body[: len(body) // 2]


def predict(service: Any, row: Row) -> tuple[int, float]:
    """Return the status of a prediction, and its time in seconds."""
    started = time.monotonic()
    status, _ = service.ask("POST", "/predict", {"instances": [row]})
    return status, time.monotonic() - started


def test_two_hundred_half_bodies_take_no_place_of_a_prediction(
    serve: Serve, row: Row, hold: Hold
) -> None:
    service = serve()
    hold(service, half_a_request(row), 200)
    time.sleep(0.2)
    answered = [predict(service, row) for _ in range(20)]
    assert {status for status, _ in answered} == {200}
    assert max(seconds for _, seconds in answered) < PATIENCE_S / 2
    assert service.ask("GET", "/health/live")[0] == 200
    assert service.ask("GET", "/metrics")[0] == 200


@pytest.fixture
def with_few_files(command: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Return a function that starts a process which may open few files, and so connections."""
    words = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh"]
    return lambda *arguments: [*words, *command(*arguments)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files")
@pytest.mark.parametrize("sent", ["nothing", "half a head", "half a body"])
def test_beyond_the_limit_of_connections_health_and_predictions_are_answered(
    serve: Serve,
    with_few_files: Callable[..., list[str]],
    row: Row,
    hold: Hold,
    sent: str,
) -> None:
    service = serve(command=with_few_files)
    request = half_a_request(row)
    part = {"nothing": b"", "half a head": request[:30], "half a body": request}[sent]
    hold(service, part, 2 * FILES)
    for path in ("/health/live", "/metrics"):
        assert service.ask("GET", path)[0] == 200
    assert predict(service, row)[0] == 200
    service.until(lambda: "limit=connections" in service.log.read_text(encoding="utf-8"))


def test_a_head_that_is_never_finished_is_ended(serve: Serve, hold: Hold) -> None:
    service = serve(BODY_TIMEOUT_S="1")
    (unfinished,) = hold(service, b"GET /health/live HTTP/1.1\r\nHost: a\r\n", 1)
    (silent,) = hold(service, b"", 1)
    assert unfinished.recv(1_024).startswith(b"HTTP/1.1 408 ")
    assert silent.recv(1_024) == b""
