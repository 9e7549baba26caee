"""Prometheus, Alertmanager and a webhook for the alerting tests, with sped-up configuration."""

import json
import math
import re
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.engine.families import FOLDER, LIBRARY

RULES = LIBRARY.relative_to(FOLDER) / "monitoring" / "prometheus" / "rules"
SPEED_UP = 400  # an hour of the rules is nine seconds here
READY_WITHIN_S = 15
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def speed_up(text: str) -> str:
    """Return configuration with shorter times: ranges of some scrapes, all else a second.

    Rounded up: an hour and a minute remain a scrape more than an hour.
    """

    def shorten(trained: re.Match[str]) -> str:
        before, number, unit = trained.groups()
        seconds = math.ceil(int(number) * UNITS_S[unit] / SPEED_UP)
        return f"{before}{max(seconds, 4 if before.startswith('[') else 1)}s"

    return re.sub(r"(\[|:|offset |interval: |for: |wait: )(\d+)([smhd])\b", shorten, text)


class Webhook:
    """Receives Alertmanager's notifications in place of Slack."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            """Stores each message."""

            def do_POST(self) -> None:  # pylint: disable=invalid-name  # http.server's name
                """Receive a message."""
                length = int(self.headers["Content-Length"])
                messages.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()

    def notified(self, alert: str) -> list[str]:
        """Return the texts of the notifications that an alert fires."""
        actual = [message["attachments"][0] for message in self.messages]
        return [
            each["text"]
            for each in actual
            if f" {alert} of " in each["title"] and not each["title"].startswith("resolved")
        ]


@dataclass
class Watch:
    """A Prometheus that scrapes replicas, and the webhook that its Alertmanager notifies."""

    address: str
    webhook: Webhook

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression has now."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.address}/api/v1/query?{query}", timeout=10) as answer:
            actual: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return actual

    def alerts(self, *states: str) -> set[str]:
        """Return the names of the alerts that are in one of these states."""
        with urllib.request.urlopen(f"{self.address}/api/v1/alerts", timeout=10) as answer:
            actual = json.load(answer)["data"]["alerts"]
        return {each["labels"]["alertname"] for each in actual if each["state"] in states}


def wait_for(condition: Callable[[], Any], *, within_s: float) -> Any:
    """Return the condition's result once it is true, or its last one after some time."""
    deadline = time.monotonic() + within_s
    while not (actual := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return actual


def responds(url: str) -> bool:
    """Return whether a server responds at an address."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


def write_alertmanager(folder: Path, webhook: str) -> Path:
    """Write the project's Alertmanager configuration with the webhook's address."""
    secret = folder / "webhook_url"
    secret.write_text(webhook)
    config = (FOLDER / "monitoring" / "alertmanager.yaml").read_text("utf-8")
    path = folder / "alertmanager.yaml"
    path.write_text(speed_up(config.replace("/run/secrets/webhook_url", str(secret))))
    return path


def write_prometheus(folder: Path, replicas: list[int], alertmanager: int) -> Path:
    """Copy the project's and the library's part of Prometheus' configuration, as they lie."""
    project = shutil.copytree(FOLDER / "monitoring", folder / "monitoring")
    shutil.copytree(FOLDER / RULES, folder / RULES)
    for path in (folder / RULES).glob("*.yaml"):
        path.write_text(speed_up(path.read_text("utf-8")))
    path = project / "prometheus.yaml"
    config = path.read_text("utf-8")
    config = re.sub(r"(scrape|evaluation)_interval: \w+", r"\1_interval: 1s", config)
    config = config.replace("alertmanager:9093", f"127.0.0.1:{alertmanager}")
    targets = ", ".join(f'"127.0.0.1:{each}"' for each in replicas)
    path.write_text(config.replace('["service:8080"]', f"[{targets}]"))
    return path


@pytest.fixture
def watch(tmp_path: Path, without: Callable[[str], None]) -> Iterator[Callable[..., Watch]]:
    """Return a function that starts Prometheus and Alertmanager, given the replicas' ports."""
    programs = {
        name: next(filter(None, map(shutil.which, names)), None)
        for name, names in {
            "prometheus": ["prometheus"],
            "alertmanager": ["alertmanager", "prometheus-alertmanager"],
        }.items()
    }
    for name, path in programs.items():
        if path is None:
            without(name)
    with ExitStack() as running:

        def run(name: str, *arguments: str, port: int) -> str:
            log = running.enter_context((tmp_path / f"{name}.log").open("wb"))
            process = running.enter_context(
                subprocess.Popen([str(programs[name]), *arguments], stdout=log, stderr=log)
            )
            running.callback(process.kill)
            address = f"http://127.0.0.1:{port}"
            ready = wait_for(lambda: responds(f"{address}/-/ready"), within_s=READY_WITHIN_S)
            assert ready, (tmp_path / f"{name}.log").read_text()
            return address

        def start(
            replicas: list[int],
            ports: tuple[int, int],
            configure: Callable[[Path], None] = lambda _: None,
        ) -> Watch:
            webhook = Webhook()
            running.callback(webhook.close)
            configured = write_alertmanager(tmp_path, webhook.url)
            configure(configured)
            run(
                "alertmanager",
                f"--config.file={configured}",
                f"--storage.path={tmp_path / 'alerts'}",
                f"--web.listen-address=127.0.0.1:{ports[0]}",
                "--cluster.listen-address=",
                port=ports[0],
            )
            address = run(
                "prometheus",
                f"--config.file={write_prometheus(tmp_path, replicas, ports[0])}",
                f"--storage.tsdb.path={tmp_path / 'series'}",
                f"--web.listen-address=127.0.0.1:{ports[1]}",
                port=ports[1],
            )
            return Watch(address, webhook)

        yield start
