"""What the container tests share: an engine, the image, built once, and containers of it."""

import http.client
import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest
from modelserve.cli import NAME

PROJECT = Path(__file__).parents[3]
ENGINES = ("docker", "podman")
HOST = "127.0.0.1"
WITHIN_S = 60
STOPS_WITHIN_S = 10  # Cloud Run and Docker kill what has not ended by then
HARDENED = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m"),
)


Ask = Callable[..., tuple[int, bytes]]


@dataclass(frozen=True)
class Engine:
    """A program that builds images and runs containers."""

    program: str

    def run(
        self, *words: str, given: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its commands."""
        done = subprocess.run(
            [self.program, *words],
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=PROJECT,
            # Podman's own format of an image has no health check.
            env=os.environ | {"BUILDAH_FORMAT": "docker"},
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done

    def tell(self, *words: str) -> str:
        """Run a command, and return what it says."""
        return self.run(*words).stdout.strip()


@dataclass(frozen=True)
class Container:
    """A container that was started, by its name, and the port that it should listen on.

    It is asked through `send`, which takes a port of this machine and the request.
    """

    engine: Engine
    send: Ask
    name: str
    port: int

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; return the status and the body."""
        return self.send(self.published, method, path, body)

    @cached_property
    def published(self) -> int:
        """Return the port of this machine that leads to the container's."""
        first = self.engine.tell("port", self.name, str(self.port)).splitlines()[0]
        return int(first.rpartition(":")[2])

    def until(self, happened: Callable[[], object]) -> None:
        """Return once something has happened."""
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
        """Return what the engine says of the container."""
        return self.engine.tell("inspect", "--format", f"{{{{.State.{field}}}}}", self.name)

    def log(self) -> str:
        """Return what the container has written."""
        done = self.engine.run("logs", self.name)
        return done.stdout + done.stderr

    def python(self, script: str, *arguments: str) -> str:
        """Run a script in the container; return what it prints."""
        return self.engine.tell("exec", self.name, "python", "-c", script, *arguments)

    def stop(self) -> int:
        """Ask it to stop, and kill it when it takes too long; return the exit code."""
        self.engine.run("stop", "--time", str(STOPS_WITHIN_S), self.name)
        return self.end()

    def end(self) -> int:
        """Return the exit code, once the container has ended by itself."""
        return int(self.engine.tell("wait", self.name).splitlines()[-1])


Build = Callable[..., str]
Start = Callable[..., Container]


@pytest.fixture(scope="session")
def engine(without: Callable[[str], None]) -> Engine:
    """Return the engine: the one that CONTAINER_ENGINE names, or Docker, or Podman."""
    named = os.environ.get("CONTAINER_ENGINE")
    for program in [named] if named else ENGINES:
        path = shutil.which(program)
        # A client without its engine cannot tell the engine's version.
        if path and Engine(path).run("version", check=False).returncode == 0:
            return Engine(path)
    without(f"container engine: {named or ' nor '.join(ENGINES)}")
    raise AssertionError


@pytest.fixture(scope="session")
def build(engine: Engine) -> Iterator[Build]:
    """Return a way to images by the options of their build; each is built once."""
    assert (PROJECT / "model" / "manifest.json").exists(), "run `nox -s train` first"
    tags = []

    @cache
    def make(*options: str) -> str:
        tag = f"{NAME}:{uuid.uuid4().hex}"
        engine.run("build", "--tag", tag, *options, ".")
        tags.append(tag)
        return tag

    yield make
    for tag in tags:
        engine.run("rmi", tag)


@pytest.fixture(scope="session")
def image(engine: Engine, build: Build) -> str:
    """Return the image, as it is deployed: the one in a registry that IMAGE names, or a new one."""
    if pushed := os.environ.get("IMAGE"):
        engine.run("pull", pushed)
        return pushed
    return build("--build-arg", "COMMIT=0123abc", "--build-arg", "MODEL_VERSION=1.2.3")


@contextmanager
def containers(engine: Engine, image: str, ask: Ask) -> Iterator[Start]:
    """Yield a way to containers with few rights; in the end they are taken away."""
    names = []

    def begin(
        *options: str, port: int = 8080, of: str = image, command: tuple[str, ...] = ()
    ) -> Container:
        name = f"{NAME}-{uuid.uuid4().hex[:12]}"
        names.append(name)
        ways = ("--publish", f"{HOST}::{port}", *HARDENED, *options)
        engine.run("run", "--detach", "--name", name, *ways, of, *command)
        return Container(engine, ask, name, port)

    try:
        yield begin
    finally:
        for name in names:
            engine.run("rm", "--force", name)


@pytest.fixture
def start(engine: Engine, image: str, ask: Ask) -> Iterator[Start]:
    """Return a way to containers of the test's own."""
    with containers(engine, image, ask) as begin:
        yield begin


@pytest.fixture(scope="session")
def running(engine: Engine, image: str, ask: Ask) -> Iterator[Container]:
    """Return a container without any option; tests only look at it."""
    with containers(engine, image, ask) as begin:
        container = begin()
        container.until(container.is_ready)
        yield container


@pytest.fixture(scope="session")
def cases() -> list[dict[str, Any]]:
    """Return the golden cases of the model that is in the image."""
    found: list[dict[str, Any]] = json.loads((PROJECT / "model" / "golden.json").read_bytes())
    return found


@pytest.fixture(scope="session")
def check_answers(cases: list[dict[str, Any]]) -> Callable[[Container], None]:
    """Return a check that a container answers the golden cases as the model did in training."""

    def check(container: Container, route: str = "/predict") -> None:
        body = {"instances": [case["input"] for case in cases]}
        status, content = container.ask("POST", route, body)
        answer = json.loads(content)
        assert (status, answer["degraded"]) == (200, False)
        for prediction, case in zip(answer["predictions"], cases, strict=True):
            value = prediction.get("value")
            numbers = list(prediction["probabilities"].values()) if value is None else [value]
            assert numbers == pytest.approx(case["output"], abs=1e-4)

    return check
