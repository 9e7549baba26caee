"""The command line, and the service as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.types import Rows

STARTS_WITHIN_S = 60
STOPS_WITHIN_S = 15

Run = Callable[..., str]


@pytest.fixture
def command(project: Any) -> list[str]:
    """Return the words that start the project's command line."""
    return [sys.executable, "-m", project.package]


@pytest.fixture
def run(command: list[str], project: Any, artifact: Any) -> Run:
    """Return a function that runs a command on the artifact, which must succeed."""

    def call(*words: str, given: str = "") -> str:
        done = subprocess.run(
            [*command, *words],
            cwd=project.root,
            env=os.environ | {"MODEL_DIR": str(artifact.folder)},
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


def test_predict_answers_the_golden_cases(run: Run, rows: Rows) -> None:
    answers = json.loads(run("predict", "-", given=run("golden")))
    assert len(answers["predictions"]) == len(rows)


def test_batch_answers_every_row_of_a_file(run: Run, rows: Rows, tmp_path: Path) -> None:
    source, output = tmp_path / "rows.jsonl", tmp_path / "answers.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    run("batch", str(source), str(output))
    numbers = [json.loads(line)["row"] for line in output.read_text("utf-8").splitlines()]
    assert numbers == list(range(len(rows)))


def test_the_rendered_thresholds_agree_with_the_configuration(run: Run) -> None:
    run("thresholds", "--check")


@pytest.fixture
def process(
    command: list[str], project: Any, artifact: Any, service: Any
) -> Iterator[tuple[str, Any]]:
    """Yield where a service in a process of its own predicts, and the process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    words = [*command, "serve", "--port", str(port), "--model", str(artifact.folder)]
    url, settings = f"http://127.0.0.1:{port}", service.settings
    with subprocess.Popen(words, cwd=project.root) as started:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                with urllib.request.urlopen(f"{url}{settings.health_route}", timeout=5):
                    break
            except (OSError, urllib.error.URLError):
                assert started.poll() is None, "the service ended; its output is above"
                assert time.monotonic() < deadline, "the service is not ready"
                time.sleep(0.05)
        try:
            yield f"{url}{settings.predict_route}", started
        finally:
            started.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_the_service_answers_and_stops_on_sigterm(run: Run, process: tuple[str, Any]) -> None:
    url, started = process
    run("smoke", url, "--requests", "1", "--latency-ms", "60000")
    started.send_signal(signal.SIGTERM)
    assert started.wait(timeout=STOPS_WITHIN_S) == 0
