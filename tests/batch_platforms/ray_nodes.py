"""A Ray cluster on this machine, with an environment of its own, and commands that use it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.engine.families import LIBRARY, Family

SCRIPT = Path(__file__).with_name("ray_cluster.py")
RUNS_WITHIN_S = 600  # a machine that others use as well is slow
FROM_OUTSIDE = ("PATH", "HOME", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Below `uv run`, Ray would start its workers by it too.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Ray would replace the loopback address by another one, which a firewall may close.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@dataclass(frozen=True)
class RayEnvironment:
    """The interpreter of an environment with Ray, and the variables of its processes."""

    python: str
    variables: dict[str, str]

    def run(self, family: Family, *words: object) -> subprocess.CompletedProcess[str]:
        """Run Python in a project's folder; one that hangs is an error."""
        return subprocess.run(
            [self.python, *map(str, words)],
            cwd=family.root,
            env=self.variables | {"PYTHONPATH": family.python_path},
            check=False,
            capture_output=True,
            text=True,
            timeout=RUNS_WITHIN_S,
        )


@contextmanager
def environment(folder: Path) -> Iterator[RayEnvironment]:
    """Install the library with its extra `ray` into a folder; Ray's own files are removed."""
    python = str(folder / "bin" / "python")
    for command in (
        ["uv", "venv", "--quiet", "--python", sys.executable, str(folder)],
        ["uv", "pip", "install", "--quiet", "--python", python, f"{LIBRARY}[ray]"],
    ):
        subprocess.run(command, check=True, timeout=RUNS_WITHIN_S)
    inherited = {name: os.environ[name] for name in FROM_OUTSIDE if name in os.environ}
    # The path of a socket is short.
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as own:
        yield RayEnvironment(python, inherited | SETTINGS | {"RAY_TMPDIR": own})


@dataclass(frozen=True)
class RayNodes:
    """A cluster of nodes with one processor each."""

    address: str
    orders: IO[str]
    reports: IO[str]

    def lose_one(self) -> None:
        """Kill a node other than the head, with all of its processes."""
        self.orders.write("kill\n")
        self.orders.flush()
        assert self.reports.readline() == "killed\n"


@contextmanager
def start_nodes(environment: RayEnvironment, family: Family, count: int) -> Iterator[RayNodes]:
    """Start a cluster whose workers can import a project; end all of its processes."""
    with subprocess.Popen(
        [environment.python, str(SCRIPT), str(count)],
        env=environment.variables | {"PYTHONPATH": family.python_path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            address = process.stdout.readline().strip()
            assert address, "the cluster did not start"
            yield RayNodes(address, process.stdin, process.stdout)
            process.stdin.close()
            process.wait(RUNS_WITHIN_S)
        finally:
            end_session(process.pid)


def end_session(leader: int) -> None:
    """End all processes of a session: Ray puts each worker into a process group of its own."""
    listed = ["ps", "-o", "pid=", "--sid", str(leader)]
    done = subprocess.run(listed, check=False, capture_output=True, text=True)
    for pid in map(int, done.stdout.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
