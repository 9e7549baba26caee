"""What the proof of alerting needs: Prometheus, Alertmanager, a webhook, and hasty rules."""

import json
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

PROJECT = Path(__file__).parents[3]
MONITORING = PROJECT / "monitoring"
FASTER = 400  # an hour of the rules is nine seconds here
READY_WITHIN_S = 15
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def hasten(text: str) -> str:
    """Return rules whose every time is shortened: ranges hold some scrapes, all else a second."""

    def shorten(found: re.Match[str]) -> str:
        before, number, unit = found.groups()
        seconds = round(int(number) * UNITS_S[unit] / FASTER)
        return f"{before}{max(seconds, 4 if before.startswith('[') else 1)}s"

    return re.sub(r"(\[|:|offset |interval: |for: |wait: )(\d+)([smhd])\b", shorten, text)


class Webhook:
    """Takes what Alertmanager sends, as Slack would."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            """Keeps each message."""

            def do_POST(self) -> None:  # pylint: disable=invalid-name  # http.server's word
                """Take a message."""
                length = int(self.headers["Content-Length"])
                messages.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def told(self, alert: str) -> list[str]:
        """Return the texts of the messages about an alert that fires."""
        found = [message["attachments"][0] for message in self.messages]
        return [
            each["text"]
            for each in found
            if f" {alert} of " in each["title"] and not each["title"].startswith("over")
        ]


@dataclass
class Watch:
    """A Prometheus that scrapes replicas, and the webhook behind its Alertmanager."""

    address: str
    webhook: Webhook

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression yields now."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.address}/api/v1/query?{query}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def alerts(self, *states: str) -> set[str]:
        """Return the names of the alerts that are in one of these states."""
        with urllib.request.urlopen(f"{self.address}/api/v1/alerts", timeout=10) as answer:
            found = json.load(answer)["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] in states}


def wait_for(what: Callable[[], Any], *, within_s: float) -> Any:
    """Return what comes true, or what it was in the end."""
    deadline = time.monotonic() + within_s
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def answers(url: str) -> bool:
    """Tell whether somebody answers at an address."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def watch(tmp_path: Path, without: Callable[[str], None]) -> Iterator[Callable[..., Watch]]:
    """Return a way to watch replicas, given their ports, with this project's own files."""
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

        def run(name: str, *words: str, port: int) -> str:
            log = running.enter_context((tmp_path / f"{name}.log").open("wb"))
            process = running.enter_context(
                subprocess.Popen([str(programs[name]), *words], stdout=log, stderr=log)
            )
            running.callback(process.kill)
            address = f"http://127.0.0.1:{port}"
            ready = wait_for(lambda: answers(f"{address}/-/ready"), within_s=READY_WITHIN_S)
            assert ready, (tmp_path / f"{name}.log").read_text()
            return address

        def start(replicas: list[int], ports: tuple[int, int]) -> Watch:
            webhook = Webhook()
            running.callback(webhook.close)
            secret = tmp_path / "webhook_url"
            secret.write_text(webhook.url)
            config = (MONITORING / "alertmanager" / "alertmanager.yaml").read_text("utf-8")
            config = config.replace("/run/secrets/webhook_url", str(secret))
            (tmp_path / "alertmanager.yaml").write_text(hasten(config))
            run(
                "alertmanager",
                f"--config.file={tmp_path / 'alertmanager.yaml'}",
                f"--storage.path={tmp_path / 'alerts'}",
                f"--web.listen-address=127.0.0.1:{ports[0]}",
                "--cluster.listen-address=",
                port=ports[0],
            )
            rules = shutil.copytree(MONITORING / "prometheus", tmp_path / "prometheus")
            for path in rules.glob("rules/*.yaml"):
                path.write_text(hasten(path.read_text("utf-8")))
            config = (rules / "prometheus.yaml").read_text("utf-8")
            config = re.sub(r"(scrape|evaluation)_interval: \w+", r"\1_interval: 1s", config)
            config = config.replace("alertmanager:9093", f"127.0.0.1:{ports[0]}")
            targets = ", ".join(f'"127.0.0.1:{each}"' for each in replicas)
            config = config.replace('["service:8080"]', f"[{targets}]")
            (rules / "prometheus.yaml").write_text(config)
            address = run(
                "prometheus",
                f"--config.file={rules / 'prometheus.yaml'}",
                f"--storage.tsdb.path={tmp_path / 'series'}",
                f"--web.listen-address=127.0.0.1:{ports[1]}",
                port=ports[1],
            )
            return Watch(address, webhook)

        yield start
