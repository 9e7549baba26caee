"""Prometheus alive, with this project's rules and compose.yaml's arguments, in a hurry."""

import json
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[3]
HOST = "127.0.0.1"

# Where the rules look back over hours and days, their copy looks back over so many seconds; longer
# windows are sums over every second. All else is as it is: labels such as window="1h", too.
SECONDS = {"2m": 2, "5m": 3, "15m": 4, "30m": 4, "45m": 4, "1h": 5, "2h": 5, "6h": 6, "1d": 6}
SECONDS |= {"1425m": 6, "3d": 7, "7d": 7, "$__rate_interval": 4, "$__range": 8}
LOOK_BACK = re.compile(r"(\[|\boffset )(\d+[mhd]|\$__\w+)")
STEP = re.compile(r":\d+[mhd]\]")
PAUSE = re.compile(r"^( *(?:- )?(?:\w+_)?interval): \w+$", re.M)

Watch = Callable[[int, Path], "Prometheus"]


def hurry(expressions: str) -> str:
    """Return expressions that look back over seconds."""
    seconds = STEP.sub(":1s]", expressions)
    return LOOK_BACK.sub(lambda found: f"{found[1]}{SECONDS[found[2]]}s", seconds)


@dataclass
class Prometheus:
    """A Prometheus that runs."""

    address: str

    def get(self, what: str, **parameters: str) -> Any:
        """Return what its API answers."""
        url = f"http://{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def find(self, expression: str, *labels: str) -> list[dict[str, Any]]:
        """Return the series that an expression has now, if they are numbers with these labels."""
        return [
            series
            for series in self.get("query", query=hurry(expression))["result"]
            if series["value"][1] != "NaN" and series["metric"].keys() >= set(labels)
        ]

    def sees_the_service(self) -> bool:
        """Tell whether it has begun to watch."""
        try:
            return bool(self.find("model_info"))
        except OSError:
            return False


def copy_rules(folder: Path, target: str, thresholds: Path) -> None:
    """Copy all that Prometheus reads, in a hurry, with the service's address and thresholds."""
    shutil.copytree(PROJECT / "monitoring" / "prometheus", folder)
    shutil.copy(thresholds, folder / "thresholds.yaml")
    for path in (folder / "prometheus.yaml", *folder.glob("rules/*.yaml")):
        text = path.read_text(encoding="utf-8").replace("service:8080", target)
        path.write_text(PAUSE.sub(r"\1: 1s", hurry(text)), encoding="utf-8")


def arguments() -> list[str]:
    """Return what compose.yaml starts Prometheus with, for the folder that it is started in."""
    compose = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
    places = {"/etc/prometheus/prometheus.yaml": "prometheus/prometheus.yaml"}
    places |= {"/prometheus": "series"}
    options = [each.partition("=") for each in compose["services"]["prometheus"]["command"]]
    return [f"{name}={places.get(value, value)}" for name, _, value in options]


@pytest.fixture
def watch(tmp_path: Path, without: Callable[[str], None]) -> Iterator[Watch]:
    """Return a way to start Prometheus, given the service's port and rendered thresholds."""
    program = shutil.which("prometheus") or without("prometheus")
    with ExitStack() as running:

        def start(port: int, thresholds: Path) -> Prometheus:
            copy_rules(tmp_path / "prometheus", f"{HOST}:{port}", thresholds)
            with socket.create_server((HOST, 0)) as listener:
                address = f"{HOST}:{listener.getsockname()[1]}"
            process = running.enter_context(
                subprocess.Popen(
                    [str(program), *arguments(), f"--web.listen-address={address}"],
                    cwd=tmp_path,
                    stderr=running.enter_context((tmp_path / "prometheus.log").open("wb")),
                )
            )
            running.callback(process.kill)
            return Prometheus(address)

        yield start
