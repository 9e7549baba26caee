"""Receive Alertmanager's webhook, and start the training workflow on GitHub for firing alerts.

Alertmanager cannot call GitHub itself: it sends a body of its own. The token comes from the file
that GITHUB_TOKEN_FILE names (fine-grained: this repository, Contents, read and write), and is read
for each call.
"""

import argparse
import hmac
import json
import math
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from . import workflow

GITHUB_API = "https://api.github.com"
EVENT = "retrain"  # what retrain.yml waits for
NAMED = ("alertname", "model", "version")
MAX_BODY_BYTES = 1_048_576
MAX_NAME_CHARACTERS = 200
MAX_PORT = 65_535
TIMEOUT_S = 15
HOUR_S = 3600.0

Alert = tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `relay-alerts`."""
    add = workflow.add_option
    add(parser, "--repository", variable="GITHUB_REPOSITORY", about="OWNER/NAME on GitHub")
    add(parser, "--token-file", variable="GITHUB_TOKEN_FILE", about="File with GitHub's token")
    about = "File with the bearer token that Alertmanager sends; without one, anyone may call"
    add(parser, "--key-file", variable="RELAY_KEY_FILE", about=about)
    add(parser, "--host", variable="RELAY_HOST", about="Address to listen on", default="127.0.0.1")
    add(parser, "--port", variable="RELAY_PORT", about="Port to listen on", default="8085")
    about = "Start one run for an alert in so many hours"
    add(parser, "--hours", variable="RELAY_HOURS", about=about, default="24")


def firing(message: Any) -> list[Alert]:
    """Return the firing alerts of a webhook's message by name, model and version.

    Raises:
        ValueError: it is not a message of Alertmanager's webhook.
    """
    alerts = message.get("alerts") if isinstance(message, dict) else None
    if not isinstance(alerts, list):
        raise ValueError("the body is no message of Alertmanager's webhook: it has no `alerts`")
    found = []
    for alert in alerts:
        labels = alert.get("labels") if isinstance(alert, dict) else None
        if not isinstance(labels, dict) or "alertname" not in labels:
            raise ValueError("an alert has no label `alertname`")
        if alert.get("status") == "firing":
            found.append(tuple(str(labels.get(name, ""))[:MAX_NAME_CHARACTERS] for name in NAMED))
    return list(dict.fromkeys(found))


class Relay:
    """Starts a run for each alert, once in an interval.

    Args:
        start: starts a run; given the alert's name, model and version.
        interval_s: in which an alert that fires again starts no other run.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        start: Callable[[Mapping[str, str]], None],
        *,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with no alert."""
        self._start, self._interval_s, self._clock = start, interval_s, clock
        self._started: dict[Alert, float] = {}
        self._lock = Lock()

    def receive(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Start runs, and return the alerts that started one.

        Raises:
            OSError: GitHub did not accept one; it is tried again when the alert is sent again.
        """
        done = []
        with self._lock:
            now = self._clock()
            since = now - self._interval_s
            self._started = {key: at for key, at in self._started.items() if at > since}
            for alert in alerts:
                if alert not in self._started:
                    self._start(dict(zip(NAMED, alert, strict=True)))
                    self._started[alert] = now
                    done.append(alert)
        return done


def make_dispatch(repository: str, token_file: Path, api: str) -> Callable[..., None]:
    """Return what starts a run of the workflow by a `repository_dispatch` event."""

    def dispatch(alert: Mapping[str, str]) -> None:
        token = token_file.read_text(encoding="utf-8").strip()
        if not re.fullmatch(r"[!-~]+", token):  # an error of the header would show it
            raise OSError(f"{token_file} holds no token on a single line")
        body = {"event_type": EVENT, "client_payload": alert}
        request = urllib.request.Request(  # noqa: S310  the operator sets this address
            f"{api}/repos/{repository}/dispatches",
            json.dumps(body).encode(),
            {
                "Content-Type": "application/json",
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {token}",
            },
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            response.read()

    return dispatch


def make_handler(relay: Relay, key: str) -> type[BaseHTTPRequestHandler]:
    """Return the handler of requests; with a key, they need it as a bearer token."""

    class AlertHandler(BaseHTTPRequestHandler):
        """Answers POST with an alert's message, and GET as a health check."""

        timeout = TIMEOUT_S  # of a client that sends nothing

        def do_GET(self) -> None:  # pylint: disable=invalid-name  # http.server's name
            """Answer that the process runs."""
            self._answer(200, "ready")

        def do_POST(self) -> None:  # pylint: disable=invalid-name  # http.server's name
            """Start runs; 502 lets Alertmanager try again."""
            given = self.headers.get("Authorization", "")
            if key and not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
                self._answer(401, "a bearer token is needed: that of RELAY_KEY_FILE")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                self._answer(413, f"Content-Length must be at most {MAX_BODY_BYTES} bytes")
                return
            try:
                alerts = firing(json.loads(self.rfile.read(int(length))))
            except (ValueError, RecursionError) as error:
                self._answer(400, str(error)[:MAX_NAME_CHARACTERS])
                return
            try:
                started = relay.receive(alerts)
            except urllib.error.HTTPError as error:
                with closing(error):
                    self._answer(502, f"GitHub answered {error.code}: {error.reason}")
                return
            except OSError as error:
                self._answer(502, f"GitHub cannot be asked: {error}"[:MAX_NAME_CHARACTERS])
                return
            names = ", ".join(" ".join(filter(None, each)) for each in started)
            self._answer(200, f"started for {names}" if names else "nothing to start")

        def _answer(self, status: int, text: str) -> None:
            body = f"{text}\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if self.command == "POST":
                sys.stdout.write(f"{status} {text!r}\n")
                sys.stdout.flush()

        def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
            """Log nothing else."""

    return AlertHandler


def read_number(name: str, text: str, *, parse: Callable[[str], float], most: float) -> float:
    """Return a setting that is a number from 0 on, or end with its name."""
    try:
        number = parse(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        limit = "more" if math.isinf(most) else most
        workflow.fail(
            f"{name} is {text[:MAX_NAME_CHARACTERS]!r}: set it to a number, 0 to {limit}."
        )
    return number


def main(options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    token_file = Path(options.token_file)
    if not options.repository or not token_file.is_file():
        workflow.fail("Set GITHUB_REPOSITORY to OWNER/NAME, and GITHUB_TOKEN_FILE to a file.")
    key_file = Path(options.key_file)
    if options.key_file and not key_file.is_file():
        workflow.fail("RELAY_KEY_FILE does not name a file.")
    key = key_file.read_text(encoding="utf-8").strip() if options.key_file else ""
    if options.key_file and not key:
        workflow.fail("The file that RELAY_KEY_FILE names is empty: anyone could start a run.")
    hours = read_number("RELAY_HOURS", options.hours, parse=float, most=math.inf)
    port = read_number("RELAY_PORT", options.port, parse=int, most=MAX_PORT)
    api = os.environ.get("GITHUB_API_URL") or GITHUB_API
    relay = Relay(
        make_dispatch(options.repository, token_file, api),
        interval_s=hours * HOUR_S,
    )
    address = (options.host, int(port))
    try:
        server = ThreadingHTTPServer(address, make_handler(relay, key))
    except OSError as error:
        reason = error.strerror or error
        workflow.fail(
            f"The relay cannot listen on port {port:.0f} of {options.host}: {reason}. "
            "Choose another by RELAY_PORT or RELAY_HOST."
        )
    with server:
        sys.stdout.write(f"listening on http://{options.host}:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
