"""GitHub's API as far as a dispatch goes, and the relay that calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.bakery import LIBRARY


class GitHub(ThreadingHTTPServer):
    """GitHub's API, as far as a dispatch goes."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Dispatch)
        self.status = 204
        self.dispatched: list[tuple[str, str | None, dict[str, Any]]] = []


class Dispatch(BaseHTTPRequestHandler):
    """One call."""

    server: GitHub

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Keep the call."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.dispatched.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Log nothing."""


@contextmanager
def running_relay(github: GitHub, folder: Path, **variables: str) -> Iterator[str]:
    """Run the relay, and yield its address."""
    (folder / "token").write_text("ghp\n")
    with subprocess.Popen(
        [sys.executable, "-m", "modelserve.deploy", "relay-alerts"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(LIBRARY / "src"),
            "GITHUB_REPOSITORY": "octo-org/iris",
            "GITHUB_TOKEN_FILE": str(folder / "token"),
            "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
            "RELAY_PORT": "0",
            **variables,
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()
