"""A container engine, and containers that tests send requests to."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HOST = "127.0.0.1"
WITHIN_S = 60
STOPS_WITHIN_S = 10  # Cloud Run and Docker kill what still runs then


@dataclass(frozen=True)
class Engine:
    """A program that builds images and runs containers, in a project's folder."""

    program: str
    folder: Path

    def run(
        self, *words: str, stdin: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its commands."""
        done = subprocess.run(
            [self.program, *words],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            # Podman's own format of an image has no health check.
            env=os.environ | {"BUILDAH_FORMAT": "docker"},
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done

    def read(self, *words: str) -> str:
        """Run a command, and return what it printed."""
        return self.run(*words).stdout.strip()


@dataclass(frozen=True)
class Container:
    """A container, and the port that its service listens on."""

    engine: Engine
    name: str
    port: int

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; return the status and the body."""
        connection = http.client.HTTPConnection(HOST, self.published, timeout=10)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    @cached_property
    def published(self) -> int:
        """Return the port of this machine that leads to the container's."""
        first = self.engine.read("port", self.name, str(self.port)).splitlines()[0]
        return int(first.rpartition(":")[2])

    def until(self, happened: Callable[[], object]) -> None:
        """Return once a condition holds."""
        deadline = time.monotonic() + WITHIN_S
        while not happened():
            assert time.monotonic() < deadline, self.log()
            assert self.state("Running") == "true", self.log()
            time.sleep(0.1)

    def is_ready(self) -> bool:
        """Return whether the service answers."""
        try:
            return self.ask("GET", "/model")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def state(self, field: str) -> str:
        """Return a field of the container's state."""
        return self.engine.read("inspect", "--format", f"{{{{.State.{field}}}}}", self.name)

    def log(self) -> str:
        """Return the container's log."""
        done = self.engine.run("logs", self.name)
        return done.stdout + done.stderr

    def python(self, script: str, *arguments: str) -> str:
        """Run a script in the container; return what it prints."""
        return self.engine.read("exec", self.name, "python", "-c", script, *arguments)

    def stop(self) -> int:
        """Ask it to stop, and kill it when it takes too long; return the exit code."""
        self.engine.run("stop", "--time", str(STOPS_WITHIN_S), self.name)
        return self.end()

    def end(self) -> int:
        """Return the exit code, once the container has ended by itself."""
        return int(self.engine.read("wait", self.name).splitlines()[-1])
