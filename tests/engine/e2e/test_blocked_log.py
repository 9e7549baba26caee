"""The log's reader may stop reading: the service answers on, and ends when it is asked to."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.serving.request_context import worker_of

from tests.engine.e2e.conftest import RunningService, wait_until_ready
from tests.loopback import free_port

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM"),
]
STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 10

# Each process of the service imports this at its start.
CUSTOMIZE = """
import os

from modelserve.serving.runtime import OnnxModel

run = OnnxModel.run


def run_or_fail(self, tensors):
    if os.path.exists("fail"):
        raise ValueError("the model is broken")
    return run(self, tensors)


OnnxModel.run = run_or_fail
"""

Start = Callable[..., RunningService]


@pytest.fixture
def start(
    command: Callable[..., list[str]],
    environment: dict[str, str],
    trained: Artifact,
    tmp_path: Path,
) -> Iterator[Start]:
    """Return a function that starts a service with a given stdout, whose model can be broken."""
    (tmp_path / "sitecustomize.py").write_text(CUSTOMIZE, encoding="utf-8")
    path = f"{tmp_path}:{environment['PYTHONPATH']}"
    processes = []

    def run(stdout: int, workers: str) -> RunningService:
        port, errors = free_port(), tmp_path / "stderr.log"
        options = ("--port", str(port), "--model", str(trained.folder), "--workers", workers)
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                command("serve", *options),
                stdout=stdout,
                stderr=stderr,
                cwd=tmp_path,
                env=environment | {"PYTHONPATH": path, "LOG_PROFILE": "json"},
                start_new_session=True,
            )
        processes.append(process)
        service = RunningService(process, port, errors)
        wait_until_ready(service)
        return service

    yield run
    for process in processes:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        finally:
            process.wait()


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """Return a pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x")
    except BlockingIOError:
        os.set_blocking(writer, True)
    yield writer
    os.close(writer)
    os.close(reader)


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_errors_and_a_blocked_log_stop_neither_answers_nor_the_end(
    start: Start, full_pipe: int, tmp_path: Path, row: dict[str, Any], workers: str
) -> None:
    service = start(full_pipe, workers)
    answered = set()

    def answer() -> bool:
        _, body = service.ask("POST", "/predict", {"instances": [row]})
        answered.add(worker_of(json.loads(body)["inference_id"]))
        return len(answered) >= int(workers)

    service.until(answer)
    (tmp_path / "fail").touch()
    for _ in range(20):
        status, body = service.ask("POST", "/predict", {"instances": [row]})
        assert (status, json.loads(body)["degraded"]) == (200, True)
        assert service.ask("GET", "/health/live")[0] == 200
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(STOPS_WITHIN_S) == 0
    assert service.log.read_text("utf-8") == ""


def test_a_model_that_fails_at_each_request_is_logged_in_full_once(
    start: Start, tmp_path: Path, row: dict[str, Any]
) -> None:
    written = tmp_path / "stdout.log"
    with written.open("wb") as stdout:
        service = start(stdout.fileno(), "1")
    (tmp_path / "fail").touch()
    for _ in range(20):
        service.ask("POST", "/predict", {"instances": [row]})
    assert service.stop() == 0
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert sum("traceback" in each for each in lines) == 1
    answered = [each for each in lines if each.get("path") == "/predict"]
    assert [each["degraded"] for each in answered] == [True] * 20
    assert lines[-1]["message"].startswith("Finished server process")


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_start_that_fails_is_logged_to_its_last_line(
    command: Callable[..., list[str]], environment: dict[str, str], trained: Artifact, workers: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = ("--port", port, "--model", str(trained.folder), "--workers", workers)
        done = subprocess.run(
            command("serve", *options),
            env=environment | {"LOG_PROFILE": "json"},
            capture_output=True,
            timeout=STARTS_WITHIN_S,
            check=False,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode != 0
    assert [each["level"] for each in lines if "in use" in each["message"]] == ["ERROR"]
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1
