"""What the test of MLflow shares: a real server on SQLite, and a project that knows it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engine.families import Family, assemble

HERE = Path(__file__).parent
HOST = "127.0.0.1"
STARTS_WITHIN_S, ENDS_WITHIN_S = 120, 20


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def ask(url: str, body: object = None) -> Any:
    """Return the content of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())


@contextmanager
def started(words: list[str], folder: Path, url: str, **environment: str) -> Iterator[Path]:
    """Run a server until the end, in a group of its own; yield its log once it answers."""
    log = folder / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            words,
            cwd=folder,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while not answers(url):
                said = log.read_text(encoding="utf-8", errors="replace")
                assert process.poll() is None, said[-5_000:]
                assert time.monotonic() < deadline, said[-5_000:]
                time.sleep(0.1)
            yield log
        finally:
            end_group(process)


def answers(url: str) -> bool:
    """Return whether a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(ENDS_WITHIN_S)


class MlflowServer:
    """A server whose runs stay when it stops.

    Args:
        program: its command.
        folder: of its database and its files.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder, self.port = program, folder, free_port()
        self.url = f"http://{HOST}:{self.port}"

        self._running = ExitStack()

    def start(self) -> None:
        """Answer from now on; nothing happens if it does already."""
        if answers(f"{self.url}/health"):
            return
        words = [str(self.program), "server", "--host", HOST, "--port", str(self.port)]
        store = ["--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", "files"]
        variables = {"MLFLOW_DISABLE_TELEMETRY": "true"}
        variables["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # many processes, for evaluations
        self._running.enter_context(
            started(
                [*words, *store, "--workers", "1"],
                self.folder,
                f"{self.url}/health",
                **variables,
            )
        )

    def stop(self) -> None:
        """Kill all its processes."""
        self._running.close()

    def ask(self, path: str, body: object = None) -> Any:
        """Return what its REST API answers."""
        return ask(f"{self.url}/api/2.0/mlflow/{path}", body)

    def aliases(self, name: str) -> dict[str, str]:
        """Return the version of each alias of a model."""
        model = self.ask(f"registered-models/get?name={name}")["registered_model"]
        return {each["alias"]: each["version"] for each in model.get("aliases", ())}


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """Return a server in an environment of its own, which takes about a gigabyte."""
    uv = os.environ.get("UV") or shutil.which("uv")
    environment = tmp_path_factory.mktemp("mlflow") / "environment"
    install = ("pip", "install", "--quiet", "--no-deps", "--python", str(environment))
    reason = "" if uv else "there is no uv here"
    for words in (
        ("venv", "--quiet", "--python", sys.executable, str(environment)),
        (*install, "--requirement", str(HERE / "requirements.txt")),
    ):
        if not reason:
            done = subprocess.run(
                [uv or "uv", *words], capture_output=True, text=True, check=False, timeout=600
            )
            if done.returncode:
                reason = f"MLflow cannot be installed: {done.stderr[-500:]}"
    if reason:
        assert not os.environ.get("REQUIRE_ALL"), reason
        pytest.skip(reason)
    server = MlflowServer(environment / "bin" / "mlflow", tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    """Return a project of the test's own."""
    made = assemble("iris", tmp_path / "project")
    yield made
    sys.path.remove(str(made.root / "src"))


@pytest.fixture
def environment(family: Family, mlflow_server: MlflowServer, tmp_path: Path) -> dict[str, str]:
    """Return the variables of the project's commands; the server answers."""
    mlflow_server.start()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": family.python_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "250",
        "MLFLOW_TRACKING_URI": mlflow_server.url,
        "MODEL_CACHE_DIR": str(tmp_path / "cache"),
    }


@pytest.fixture
def command(family: Family, environment: dict[str, str]) -> Callable[..., str]:
    """Return a function that runs a command of the project and returns its output."""

    def run(*words: str) -> str:
        done = subprocess.run(
            [*family.command, *words],
            cwd=family.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
        return done.stdout

    return run


@pytest.fixture
def serving(
    family: Family, environment: dict[str, str]
) -> Callable[..., AbstractContextManager[tuple[int, Path]]]:
    """Return a way to serve a model of the registry for a while; it yields the port and the log."""

    @contextmanager
    def serve(uri: str, **settings: str) -> Iterator[tuple[int, Path]]:
        port = free_port()
        words = [*family.command, "serve", "--port", str(port), "--workers", "2"]
        variables = environment | {"MODEL_URI": uri} | settings
        url = f"http://{HOST}:{port}/health/ready"
        with started(words, family.root, url, **variables) as log:
            yield port, log

    return serve


@pytest.fixture
def served_version(family: Family, environment: dict[str, str]) -> Callable[[str], Any]:
    """Return a function that serves a model of the registry, and returns its version."""

    def serve(uri: str) -> Any:
        port = free_port()
        url = f"http://{HOST}:{port}"
        words = [*family.command, "serve", "--port", str(port), "--workers", "2"]
        settings = environment | {"MODEL_URI": uri}
        with started(words, family.root, f"{url}/health/ready", **settings):
            row = json.loads((family.root / "model" / "golden.json").read_text(encoding="utf-8"))[
                0
            ]["input"]
            assert ask(f"{url}/predict", {"instances": [row]})["predictions"]
            return ask(f"{url}/model")["version"]

    return serve
