"""Prometheus for the live tests, with compose.yaml's arguments and the project's files sped up."""

import json
import re
import shutil
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

from tests.engine.families import FOLDER, LIBRARY
from tests.loopback import free_port

RULES = LIBRARY.relative_to(FOLDER) / "monitoring" / "prometheus" / "rules"
HOST = "127.0.0.1"

# The seconds that a copy of the rules looks back instead of hours and days; longer windows are sums
# over every second. All else is unchanged, labels such as window="1h" included.
SECONDS = {
    "2m": 2,
    "5m": 3,
    "15m": 4,
    "30m": 4,
    "45m": 4,
    "1h": 5,
    "61m": 5,
    "2h": 5,
    "6h": 6,
    "1d": 6,
}
SECONDS |= {"1425m": 6, "3d": 7, "7d": 7, "$__rate_interval": 4, "$__range": 8}
LOOK_BACK = re.compile(r"(\[|\boffset )(\d+[mhd]|\$__\w+)")
STEP = re.compile(r":\d+[mhd]\]")
INTERVAL = re.compile(r"^( *(?:- )?(?:\w+_)?interval): \w+$", re.M)

Watch = Callable[[int, Path], "Prometheus"]


def speed_up(expressions: str) -> str:
    """Return expressions that look back over seconds."""
    seconds = STEP.sub(":1s]", expressions)
    return LOOK_BACK.sub(lambda actual: f"{actual[1]}{SECONDS[actual[2]]}s", seconds)


@dataclass
class Prometheus:
    """A running Prometheus."""

    address: str

    def get(self, what: str, **parameters: str) -> Any:
        """Return the response of its API."""
        url = f"http://{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def find(self, expression: str, *labels: str) -> list[dict[str, Any]]:
        """Return the series that an expression has now, if they are numbers with these labels."""
        return [
            series
            for series in self.get("query", query=speed_up(expression))["result"]
            if series["value"][1] != "NaN" and series["metric"].keys() >= set(labels)
        ]

    def sees_the_service(self) -> bool:
        """Return whether it has scraped the service."""
        try:
            return bool(self.find("model_info"))
        except OSError:
            return False


def copy_configuration(folder: Path, target: str, thresholds: Path) -> None:
    """Copy the project's and the library's part, with the service's address and thresholds."""
    shutil.copytree(FOLDER / "monitoring", folder / "monitoring")
    shutil.copytree(FOLDER / RULES, folder / RULES)
    shutil.copy(thresholds, folder / "monitoring" / "thresholds.yaml")
    for path in (folder / "monitoring" / "prometheus.yaml", *(folder / RULES).glob("*.yaml")):
        text = path.read_text(encoding="utf-8").replace("service:8080", target)
        path.write_text(INTERVAL.sub(r"\1: 1s", speed_up(text)), encoding="utf-8")


def arguments() -> list[str]:
    """Return compose.yaml's arguments for Prometheus, relative to the folder of the copy."""
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    places = {"/project/monitoring/prometheus.yaml": "monitoring/prometheus.yaml"}
    places |= {"/prometheus": "series"}
    options = [each.partition("=") for each in compose["services"]["prometheus"]["command"]]
    return [f"{name}={places.get(value, value)}" for name, _, value in options]


@pytest.fixture
def watch(tmp_path: Path, without: Callable[[str], None]) -> Iterator[Watch]:
    """Return a function that starts Prometheus, given the service's port and thresholds."""
    program = shutil.which("prometheus")
    if program is None:
        without("prometheus")
    with ExitStack() as running:

        def start(port: int, thresholds: Path) -> Prometheus:
            copy_configuration(tmp_path, f"{HOST}:{port}", thresholds)
            address = f"{HOST}:{free_port()}"
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
