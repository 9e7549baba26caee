"""What the tests of real clients share: services to ask, and environments with the clients."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import GOLDEN

from tests.engine.families import assemble

HERE = Path(__file__).parent
HOST = "127.0.0.1"
STARTS_WITHIN_S = 60
ANSWERS_WITHIN_S = 120

Answers = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True)
class Asked:
    """A service that answers, and rows that it is asked about."""

    url: str
    model: str
    version: str
    tensor: str
    datatype: str
    rows: list[dict[str, Any]]
    values: list[Any]
    expected: dict[str, list[Any]]

    def given(self) -> str:
        """Return what a program reads: numpy's fractions are FP64."""
        names = ("url", "model", "version", "tensor", "datatype", "rows", "values")
        return json.dumps({name: getattr(self, name) for name in names})


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def post(port: int, path: str, content: object) -> Any:
    """Return the content of an answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("POST", path, json.dumps(content))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once a service is ready."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        said = log.read_text(encoding="utf-8", errors="replace")
        assert process.poll() is None, f"the service has ended:\n{said}"
        assert time.monotonic() < deadline, f"the service is not ready:\n{said}"
        time.sleep(0.05)


@pytest.fixture(scope="session", params=["iris", "sentiment"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    """Return a service for a table, and one for texts."""
    family = assemble(request.param, tmp_path_factory.mktemp(request.param) / "project")
    artifact = family.artifact
    port, log = free_port(), family.root / "stdout.log"
    words = ("serve", "--port", str(port), "--model", str(artifact.folder))
    with ExitStack() as running:
        process = running.enter_context(
            subprocess.Popen(
                [*family.command, *words],
                stdout=running.enter_context(log.open("wb")),
                stderr=subprocess.STDOUT,
                cwd=family.root,
                env=os.environ | {"PYTHONPATH": family.python_path},
            )
        )
        running.callback(process.kill)
        wait_until_ready(process, port, log)
        rows = [case["input"] for case in artifact.read_json(GOLDEN)[:3]]
        predictions = post(port, "/predict", {"instances": rows})["predictions"]
        text = artifact.manifest.modality == "text"
        first = artifact.manifest.features[0].name
        yield Asked(
            url=f"http://{HOST}:{port}",
            model=artifact.manifest.name,
            version=artifact.manifest.version,
            tensor=first if text else "features",
            datatype="BYTES" if text else "FP64",
            rows=rows,
            values=[row[first] if text else [*row.values()] for row in rows],
            expected={
                "label": [each["label"] for each in predictions],
                "probabilities": [[*each["probabilities"].values()] for each in predictions],
            },
        )


@pytest.fixture(scope="session")
def give_up() -> Callable[[str], None]:
    """Return a way to end a test that needs a program which is not here."""

    def end(program: str) -> None:
        reason = f"there is no {program} here"
        assert not os.environ.get("REQUIRE_ALL"), reason
        pytest.skip(reason)

    return end


@pytest.fixture(scope="session")
def run_client(
    tmp_path_factory: pytest.TempPathFactory, give_up: Callable[[str], None]
) -> Callable[[str, str, Asked], Answers]:
    """Return a way to the answers that a client's program prints, in an environment of its own."""
    made: dict[str, Path] = {}

    def run(requirements: str, program: str, asked: Asked) -> Answers:
        uv = os.environ.get("UV") or shutil.which("uv")
        if not uv:
            give_up("uv")
        if requirements not in made:
            folder = tmp_path_factory.mktemp(requirements) / "environment"
            install = ("pip", "install", "--quiet", "--no-deps", "--python", str(folder))
            listed = HERE / "requirements" / f"{requirements}.txt"
            run_program([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
            run_program([uv, *install, "--requirement", str(listed)])
            made[requirements] = folder
        python = made[requirements] / "bin" / "python"
        words = [str(python), str(HERE / "programs" / program)]
        answers: Answers = json.loads(run_program(words, asked.given()).splitlines()[-1])
        return answers

    return run


def run_program(words: list[Any], given: str = "") -> str:
    """Return what a program prints."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        words,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=ANSWERS_WITHIN_S,
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-5_000:]
    return done.stdout
