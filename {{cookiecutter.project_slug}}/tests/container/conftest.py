"""The image, and a container of it with few rights."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

STARTS_WITHIN_S = 60
HARDENED = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m", "--publish", "127.0.0.1::8080", "--health-interval", "1s"),
)


@dataclass(frozen=True)
class Engine:
    """Docker or Podman, in the project's folder."""

    program: str
    folder: str

    def run(self, *words: str, check: bool = True) -> str:
        """Run a command of the engine, and return what it printed."""
        done = subprocess.run(
            [self.program, *words],
            cwd=self.folder,
            env=os.environ | {"BUILDAH_FORMAT": "docker"},  # Podman's own has no health check
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return (done.stdout + done.stderr).strip()


@dataclass(frozen=True)
class Container:
    """A running container of the image."""

    engine: Engine
    name: str

    def request(self, path: str, body: bytes | None = None) -> bytes:
        """Send a request to the service, and return the body of the response."""
        port = self.engine.run("port", self.name, "8080").splitlines()[0].rpartition(":")[2]
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            content: bytes = response.read()
        return content

    def python(self, script: str, *words: str) -> str:
        """Run a script inside the container, and return what it printed."""
        return self.engine.run("exec", self.name, "python", "-c", script, *words)

    def is_ready(self) -> bool:
        """Return whether the service answers."""
        try:
            return bool(self.request("/health/ready"))
        except OSError:
            return False


@pytest.fixture(scope="session")
def engine(project: Any) -> Engine:
    """Return the engine that CONTAINER_ENGINE names, or Docker, or Podman."""
    named = os.environ.get("CONTAINER_ENGINE")
    programs = map(shutil.which, [named] if named else ["docker", "podman"])
    program = next(filter(None, programs), None)
    assert program, "install Docker or Podman, or set CONTAINER_ENGINE to such a program"
    return Engine(program, str(project.root))


@pytest.fixture(scope="session")
def image(engine: Engine, project: Any) -> Iterator[str]:
    """Return the image that IMAGE names in a registry; without it, build one."""
    if pushed := os.environ.get("IMAGE"):
        engine.run("pull", pushed)
        yield pushed
        return
    tag = f"{project.name}:{uuid.uuid4().hex}"
    engine.run("build", "--tag", tag, ".")
    yield tag
    engine.run("rmi", tag)


@pytest.fixture(scope="session")
def container(engine: Engine, image: str) -> Iterator[Container]:
    """Return a container, once its service is ready."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    started = Container(engine, name)
    try:
        engine.run("run", "--detach", "--name", name, *HARDENED, image, "serve")
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not started.is_ready():
            assert time.monotonic() < deadline, engine.run("logs", name)
            time.sleep(0.2)
        yield started
    finally:
        engine.run("rm", "--force", name, check=False)
