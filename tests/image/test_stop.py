"""A container that is stopped answers running requests, and loses no capture."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOST = "127.0.0.1"
STOPS_WITHIN_S = 10
KEPT = "/var/lib/service"
READ = """
import json, pathlib
paths = sorted(pathlib.Path("/var/lib/service/captures").rglob("*"))
assert not [path for path in paths if path.suffix == ".part"]
lines = [line for path in paths if path.is_file() for line in path.read_text().splitlines()]
print(json.dumps([json.loads(line)["captureData"]["endpointInput"]["data"] for line in lines]))
"""


@pytest.fixture
def volume(engine: Any) -> Iterator[str]:
    """Return an empty volume."""
    name = f"records-{uuid4().hex[:12]}"
    engine.run("volume", "create", name)
    yield f"type=volume,source={name},target={KEPT}"
    engine.run("volume", "rm", "--force", name)


def test_a_running_request_is_answered_before_it_stops(
    engine: Any, start: Callable[..., Any], cases: list[dict[str, Any]]
) -> None:
    container = start()
    container.until(container.is_ready)
    body = json.dumps({"instances": [cases[0]["input"]]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n"

    with socket.create_connection((HOST, container.published), timeout=10) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1_024).startswith(b"HTTP/1.1 100 ")
        stopped = time.monotonic()
        engine.run("kill", "--signal", "TERM", container.name)
        container.until(lambda: "Shutting down" in container.log())
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"predictions":[' in answer
    assert container.end() == 0
    assert time.monotonic() - stopped < STOPS_WITHIN_S


def test_captures_are_on_the_volume(
    engine: Any, volume: str, start: Callable[..., Any], image: str, cases: list[dict[str, Any]]
) -> None:
    container = start("--mount", volume, "--env", f"CAPTURE_DIR={KEPT}/captures")
    container.until(container.is_ready)
    asked = [{"instances": [case["input"]]} for case in cases]
    statuses = [container.ask("POST", "/predict", body)[0] for body in asked]

    assert container.stop() == 0
    assert statuses == [200] * len(cases)
    read = ("run", "--rm", "--mount", volume, "--entrypoint", "python", image, "-c", READ)
    captured = json.loads(engine.read(*read))
    assert [json.loads(data) for data in captured] == asked
