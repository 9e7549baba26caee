"""The service as a process: it starts, answers, logs, and stops."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.engine.families import Family

pytestmark = pytest.mark.e2e

FAMILIES = ("iris", "sentiment")
HOST = "127.0.0.1"
STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 15

Serve = Callable[..., Any]
Command = Callable[..., list[str]]
ON_POSIX = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no SIGTERM: a process is ended, not asked to stop"
)


def wait_until_said(service: Any, words: str, *, times: int) -> None:
    """Return once the log has some words so many times."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while service.log.read_text(encoding="utf-8", errors="replace").count(words) < times:
        assert time.monotonic() < deadline, f"the log has not {words!r} {times} times"
        time.sleep(0.05)


def send_head(service: Any, length: int) -> socket.socket:
    """Begin a prediction: send its head, and return once the service waits for its body."""
    connection = socket.create_connection((HOST, service.port), timeout=10)
    connection.sendall(
        f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n"
        "Expect: 100-continue\r\n\r\n".encode()
    )
    assert connection.recv(1_024).startswith(b"HTTP/1.1 100 ")
    return connection


def test_it_predicts_rejects_and_counts(
    serve: Serve, golden: list[dict[str, Any]], figures: Callable[[str], Any]
) -> None:
    service = serve()

    rows = [case["input"] for case in golden]
    status, body = service.ask("POST", "/predict", {"instances": rows})
    answer = json.loads(body)
    assert status == 200
    assert len(answer["predictions"]) == len(rows)
    assert answer["degraded"] is False

    status, body = service.ask("POST", "/predict", {"instances": [{}]})
    assert status == 422
    assert {each["pointer"] for each in json.loads(body)["errors"]} == {
        f"/instances/0/{name}" for name in rows[0]
    }

    status, body = service.ask("GET", "/metrics")
    counted = figures(body.decode())
    assert status == 200
    assert counted.by("status", "http_requests_total", route="/predict") == {"200": 1, "422": 1}
    assert counted("model_rows_total") == [len(rows)]


@ON_POSIX
def test_it_logs_each_request_and_stops_on_sigterm(serve: Serve, row: dict[str, Any]) -> None:
    service = serve(LOG_PROFILE="json")
    assert service.ask("POST", "/predict", {"instances": [row]})[0] == 200

    code = service.stop()

    lines = [json.loads(line) for line in service.log.read_text(encoding="utf-8").splitlines()]
    (line,) = (each for each in lines if each.get("path") == "/predict")
    assert code == 0
    assert (line["message"], line["method"], line["status"]) == ("answered", "POST", 200)
    assert (line["rows"], line["consumer"]) == (1, "anonymous")
    assert {each["level"] for each in lines} == {"INFO"}


@ON_POSIX
def test_a_running_request_is_answered_before_it_stops(serve: Serve, row: dict[str, Any]) -> None:
    service = serve()
    body = json.dumps({"instances": [row]}).encode()

    with send_head(service, len(body)) as connection:
        service.process.send_signal(signal.SIGTERM)
        refused = wait_until_refused(service.port)
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert refused
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"predictions":[' in answer
    assert service.process.wait(STOPS_WITHIN_S) == 0
    assert "status=200" in service.log.read_text(encoding="utf-8")


def wait_until_refused(port: int) -> bool:
    """Return whether new connections are refused before long: the service is stopping."""
    deadline = time.monotonic() + STOPS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.02)
    return False


@ON_POSIX
def test_two_workers_answer_and_stop(serve: Serve, row: dict[str, Any]) -> None:
    service = serve("--workers", "2")
    wait_until_said(service, "Application startup complete", times=2)
    statuses = [service.ask("POST", "/predict", {"instances": [row]})[0] for _ in range(20)]

    code = service.stop()

    assert statuses == [200] * 20
    assert code == 0
    assert service.log.read_text(encoding="utf-8").count("Finished server process") == 2


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_missing_model_ends_it_with_one_line(
    tmp_path: Path, command: Command, environment: dict[str, str], workers: str
) -> None:
    done = subprocess.run(
        command("serve", "--port", "0", "--model", "nowhere", "--workers", workers),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=STARTS_WITHIN_S,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: There is no model in nowhere: ")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_predicting_needs_no_training_library(
    family: Family,
    trained: Artifact,
    tmp_path: Path,
    environment: dict[str, str],
    row: dict[str, Any],
) -> None:
    # A module that is None in sys.modules cannot be imported, as if it were not installed.
    absent = [
        *("huggingface_hub", "onnx", "onnxmltools", "pandas", "scipy", "skl2onnx", "sklearn"),
        *("torch", "transformers", "xgboost"),
    ]
    script = (
        f"import sys; sys.modules |= dict.fromkeys({absent}); import modelserve.serving.app; "
        f"from {family.package}.__main__ import main; main()"
    )
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"instances": [row]}), encoding="utf-8")

    done = subprocess.run(
        [
            *(sys.executable, "-c", script),
            *("predict", str(request), "--model", str(trained.folder)),
        ],
        env=environment,
        capture_output=True,
        timeout=STARTS_WITHIN_S,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert len(json.loads(done.stdout)["predictions"]) == 1


def test_a_connection_survives_requests_for_the_head_alone(serve: Serve) -> None:
    service = serve(LOG_PROFILE="json")
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    for path in ("/health/live", "/metrics", "/model", "/docs", "/nothing", "/health/live"):
        for method in ("HEAD", "GET"):
            connection.request(method, path)
            response = connection.getresponse()
            assert bool(response.read()) == (method == "GET"), path
            assert not response.will_close, path
    connection.close()
    assert service.stop() == 0
    assert '"ERROR"' not in service.log.read_text(encoding="utf-8")
