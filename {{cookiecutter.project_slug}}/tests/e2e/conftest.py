"""What the whole-service tests share: the service as a process, and the project as a copy."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from package.artifact import Artifact
from package.cli import NAME
from package.settings import Settings

PACKAGE = Artifact.__module__.partition(".")[0]
HOST = "127.0.0.1"
STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 15
HAPPENS_WITHIN_S = 30


def ask_port(port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    """Ask whatever listens on a port of this machine, over a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@dataclass
class Service:
    """A process that serves, its port, and the file that its standard output goes to."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; return the status and the body."""
        return ask_port(self.port, method, path, body)

    def until(self, happened: Callable[[], object]) -> None:
        """Return once something has happened."""
        deadline = time.monotonic() + HAPPENS_WITHIN_S
        while not happened():
            assert time.monotonic() < deadline, self.log.read_text("utf-8", "replace")
            time.sleep(0.02)

    def stop(self) -> int:
        """Ask the process to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPS_WITHIN_S)


Serve = Callable[..., Service]
Command = Callable[..., list[str]]


def console_script(*arguments: str) -> list[str]:
    """Return the console script, as it is installed beside this Python, with arguments."""
    script = shutil.which(NAME, path=sysconfig.get_path("scripts"))
    assert script is not None, f"{NAME} is not installed beside {sys.executable}"
    return [script, *arguments]


def plain_environment() -> dict[str, str]:
    """Return the environment without any setting of this service."""
    settings = {name.upper() for name in dict(Settings.model_fields)}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in settings and not name.startswith("AIP_")
    }


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def ask() -> Callable[..., tuple[int, bytes]]:
    """Return the way to ask whatever listens on a port of this machine."""
    return ask_port


def wait_until_ready(service: Service) -> None:
    """Return once the service says that it is ready."""
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
def serve(found: Artifact, tmp_path: Path) -> Iterator[Serve]:
    """Return a way to start the service; whatever still runs at the end is killed."""
    with ExitStack() as running:

        def start(*options: str, **settings: str) -> Service:
            port, log = free_port(), tmp_path / "stdout.log"
            arguments = ("serve", "--port", str(port), "--model", str(found.folder), *options)
            process = running.enter_context(
                subprocess.Popen(
                    console_script(*arguments),
                    stdout=running.enter_context(log.open("wb")),
                    stderr=subprocess.STDOUT,
                    cwd=tmp_path,
                    env=plain_environment() | settings,
                )
            )
            running.callback(process.kill)
            service = Service(process, port, log)
            wait_until_ready(service)
            return service

        yield start


@pytest.fixture
def command() -> Command:
    """Return a way to the words that start the console script."""
    return console_script


@pytest.fixture
def environment() -> dict[str, str]:
    """Return the environment without any setting of this service."""
    return plain_environment()


@dataclass
class Workshop:
    """A copy of the project to change, and its page on how to change it."""

    folder: Path
    page: str
    environment: dict[str, str]

    def code(self, heading: str, language: str, number: int = 0) -> str:
        """Return a block of code under a heading of the page."""
        section = self.page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", section, re.S | re.M)
        return blocks[number]

    def follow(self, heading: str) -> None:
        """Put a block of Python under a heading of the page where its first line says."""
        first, _, code = self.code(heading, "python").partition("\n")
        path = self.folder / first.removeprefix("# ")
        names = re.findall(r"^(?:def|class) (\w+)", code, re.M)
        source = path.read_text(encoding="utf-8")
        for name in names:  # what the page gives anew is taken out, whatever it was
            source = re.sub(
                rf"^def {name}\(.*?(?=^\S(?!\s*\) ->)|\Z)", "", source, flags=re.S | re.M
            )
        path.write_text(f"{source}\n\n{code}", encoding="utf-8")

    def configure(self, changes: dict[str, object]) -> None:
        """Change lines of config/training.toml by the names of their settings."""
        path = self.folder / "config" / "training.toml"
        text = path.read_text(encoding="utf-8")
        for name, value in changes.items():
            text, count = re.subn(
                rf"^{name} = .*$", f"{name} = {json.dumps(value)}", text, flags=re.M
            )
            assert count, f"config/training.toml has no {name}"
        path.write_text(text, encoding="utf-8")

    def run(self, *words: str, given: str = "") -> str:
        """Run the copy's command line, which must succeed, and return what it prints."""
        script = f"from {PACKAGE}.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            cwd=self.folder,
            env=self.environment | {"PYTHONPATH": str(self.folder / "src")},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def case(self) -> dict[str, Any]:
        """Return the first golden case's row."""
        row: dict[str, Any] = json.loads(self.run("golden"))["instances"][0]
        return row

    def answers(self) -> list[dict[str, Any]]:
        """Return what the copy's model answers to its golden cases."""
        body = self.run("golden")
        predictions: list[dict[str, Any]] = json.loads(self.run("predict", "-", given=body))[
            "predictions"
        ]
        return predictions

    @property
    def manifest(self) -> dict[str, Any]:
        """Return the manifest of the copy's artifact."""
        found: dict[str, Any] = json.loads((self.folder / "model" / "manifest.json").read_text())
        return found


@pytest.fixture
def workshop(tmp_path: Path, environment: dict[str, str]) -> Workshop:
    """Return a copy of the project whose gate lets every model pass."""
    project = Path(__file__).parents[2]
    folder = tmp_path / "copy"
    for part in ("src", "config", "data"):
        shutil.copytree(project / part, folder / part)
    config = folder / "config" / "training.toml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(r"^\[gate\.\w+\]$.*?(?=^\[|^#)", "", text, flags=re.S | re.M)
    config.write_text(f"{text}\n[gate]\n", encoding="utf-8")
    page = (project / "docs" / "swap-the-model.md").read_text(encoding="utf-8")
    return Workshop(folder, page, environment)
