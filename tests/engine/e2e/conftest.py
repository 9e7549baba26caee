"""What the end-to-end tests share: the service as a process."""

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.export.web import export_web
from modelserve.settings import Settings

from tests.engine.browser import Browser
from tests.engine.e2e.workers import Workers
from tests.engine.exported_page import ExportedPage, make_server, pack
from tests.engine.families import Family
from tests.loopback import free_port

HOST = "127.0.0.1"
STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 15
HAPPENS_WITHIN_S = 30


def ask_port(port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    """Send a request to a port of this machine, over a new connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@dataclass
class RunningService:
    """A service's process, its port, and the file with its output."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; return the status and the body."""
        return ask_port(self.port, method, path, body)

    def until(self, happened: Callable[[], object]) -> None:
        """Return once a condition holds."""
        deadline = time.monotonic() + HAPPENS_WITHIN_S
        while not happened():
            assert time.monotonic() < deadline, self.log.read_text("utf-8", "replace")
            time.sleep(0.02)

    def stop(self) -> int:
        """Ask the process to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPS_WITHIN_S)


Serve = Callable[..., RunningService]
Command = Callable[..., list[str]]


@pytest.fixture(scope="session")
def ask() -> Callable[..., tuple[int, bytes]]:
    """Return the function that sends a request to a port of this machine."""
    return ask_port


def wait_until_ready(service: RunningService) -> None:
    """Return once the service is ready."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            status, _ = service.ask("GET", "/health/ready")
        except OSError:
            status = 0
        if status == 200:
            return
        said = service.log.read_text(encoding="utf-8", errors="replace")
        assert service.process.poll() is None, f"the service has ended:\n{said}"
        assert time.monotonic() < deadline, f"the service is not ready:\n{said}"
        time.sleep(0.05)


@pytest.fixture
def serve(
    command: Command, environment: dict[str, str], trained: Artifact, tmp_path: Path
) -> Iterator[Serve]:
    """Return a function that starts the service; all are killed at the end."""
    with ExitStack() as running:

        def start(*options: str, command: Command = command, **settings: str) -> RunningService:
            port, log = free_port(), tmp_path / "stdout.log"
            arguments = ("serve", "--port", str(port), "--model", str(trained.folder), *options)
            process = running.enter_context(
                subprocess.Popen(
                    command(*arguments),
                    stdout=running.enter_context(log.open("wb")),
                    stderr=subprocess.STDOUT,
                    cwd=tmp_path,
                    env=environment | settings,
                )
            )
            running.callback(process.kill)
            service = RunningService(process, port, log)
            wait_until_ready(service)
            return service

        yield start


@pytest.fixture
def command(family: Family) -> Command:
    """Return a function that adds arguments to the words of the project's command line."""
    return lambda *arguments: [*family.command, *arguments]


@pytest.fixture
def environment(family: Family) -> dict[str, str]:
    """Return the environment with the project's packages, and without any of its settings."""
    settings = {name.upper() for name in dict(Settings.model_fields)}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in settings and not name.startswith("AIP_")
    }
    return inherited | {"PYTHONPATH": family.python_path}


@pytest.fixture
def start_workers(serve: Serve, tmp_path: Path, figures: Any) -> Callable[..., Workers]:
    """Return a function that starts two workers."""

    def make(**settings: str) -> Workers:
        return Workers(serve, tmp_path / "series", figures, **settings)

    return make


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory, without: Callable[[str], None]) -> Path:
    """Return a folder with the archives of ONNX Runtime and of the tokenizers for browsers."""
    try:
        return pack(tmp_path_factory.mktemp("archives"))
    except (OSError, subprocess.CalledProcessError):
        without("onnxruntime-web, which npm downloads")
        raise


@pytest.fixture
def write_export(
    project: Project, make_settings: Callable[..., Settings], archives: Path, tmp_path: Path
) -> Callable[..., Path]:
    """Return a function that exports the model by some settings and returns the folder."""

    def write(**changes: Any) -> Path:
        service = project.service_class(make_settings(**changes))
        export_web(service, tmp_path / "web", runtime=archives)
        return tmp_path / "web"

    return write


@pytest.fixture
def open_export(browser: Browser, listen: Callable[..., None]) -> Callable[..., ExportedPage]:
    """Return a function that serves the folder of an export and opens its page."""

    def show(folder: Path, page: str = "") -> ExportedPage:
        server = make_server(folder)
        listen(server)
        return ExportedPage(browser, f"http://127.0.0.1:{server.server_port}/{page}")

    return show
