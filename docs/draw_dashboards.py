"""Draw the dashboards from live data, by their own queries: pictures for the docs, without Grafana.

    uv run --with matplotlib --with pillow python -m docs.draw_dashboards [--minutes 15]

Bakes the default project, trains it, and serves it with a Prometheus that has the project's own
rules. Two consumers use it; after a while, a field drifts, and there are invalid rows and requests
without a key. Needs Prometheus; on Debian, `apt-get install prometheus`.

    … python -m docs.draw_dashboards --prometheus http://127.0.0.1:9090 --output pictures

Draws what another Prometheus, such as that of compose.yaml, has of the last minutes.
"""

import argparse
import csv
import json
import random
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from docs.baked_project import GROUPS, TEMPLATE, bake_with_groups, program, running
from docs.dashboard_panels import draw
from docs.dashboard_queries import Prometheus, lay_out
from tests.readme_commands import free_port

LIBRARY = TEMPLATE / "{{cookiecutter.project_slug}}" / "vendor" / "modelserve"
DASHBOARDS = LIBRARY / "monitoring" / "grafana" / "dashboards"
IMAGES = TEMPLATE / "docs" / "images"
OPENED = {"Classifier: accuracy, confidence, fairness"}
CONSUMERS = ("shop", "newsletter")
PAUSE_S = 0.15


def make_keys(project: Path) -> dict[str, str]:
    """Write the file of API keys; return the keys by consumer."""
    keys, lines = {}, []
    for consumer in CONSUMERS:
        command = [program(project), "key", consumer]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        _, keys[consumer], _, line = printed.splitlines()
        lines.append(line)
    (project / "keys").write_text("\n".join(lines) + "\n")
    return keys


def post(url: str, body: object, key: str) -> dict:
    """Post JSON and return the JSON of the response, also of a rejection."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"X-API-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return json.load(error)


def use(port: int, rows: list[dict[str, str]], keys: dict[str, str], minutes: float) -> None:
    """Send predictions and what turned out, until the minutes are over."""
    url = f"http://127.0.0.1:{port}"
    chance = random.Random(7)
    start = time.monotonic()
    while (part := (time.monotonic() - start) / (60 * minutes)) < 1:
        consumer = chance.choice(CONSUMERS)
        row = chance.choice(rows)
        fields = {name: float(value) for name, value in row.items() if name != "species"}
        if part > 0.4:
            fields["petal_length"] = round(fields["petal_length"] + 2 * part * chance.random(), 1)
        if consumer == "newsletter" and 0.25 < part < 0.4 and chance.random() < 0.4:
            del fields["sepal_width"]
        if 0.7 < part < 0.75:
            post(f"{url}/predict", {"instances": [fields]}, "no key")
        answer = post(f"{url}/predict", {"instances": [fields]}, keys[consumer])
        if "inference_id" in answer and chance.random() < 0.7:
            truth = {"label": row["species"], "group": chance.choice(GROUPS)}
            outcome = {"inference_id": answer["inference_id"]} | truth
            post(f"{url}/feedback", {"outcomes": [outcome]}, keys[consumer])
        time.sleep(PAUSE_S * (0.6 + abs(part - 0.5)) * 2 * chance.random())


@contextmanager
def watched_service(minutes: float) -> Iterator[str]:
    """Serve a baked project, use it for some minutes; yield the address of its Prometheus."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        project = bake_with_groups(folder)
        subprocess.run([program(project), "thresholds"], cwd=project, check=True)
        keys = make_keys(project)
        port, own = free_port(), free_port()
        config = project / "monitoring" / "prometheus.yaml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("service:8080", f"127.0.0.1:{port}"))
        settings = {
            "API_KEYS_FILE": "keys",
            "CAPTURE_DIR": "captures",
            "EXECUTION": "threads",  # so that there is a queue
            "LOG_LEVEL": "ERROR",
            "MONITORING_CONFIG": "config/monitoring.toml",
        }
        command = [program(project), "serve", "--port", str(port)]
        ready = f"http://127.0.0.1:{port}/health/ready"
        servers.enter_context(running(command, project, ready, **settings))
        command = ["prometheus", f"--config.file={config}", "--log.level=error"]
        command += [f"--web.listen-address=127.0.0.1:{own}", "--storage.tsdb.path=series"]
        url = f"http://127.0.0.1:{own}"
        servers.enter_context(running(command, project, f"{url}/-/ready"))
        with (project / "data" / "iris.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        use(port, rows, keys, minutes)
        yield url


def main() -> None:
    """Draw each dashboard."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--prometheus", help="address of one that has data; bakes nothing")
    parser.add_argument("--select", action="append", default=[], metavar="VARIABLE=VALUE")
    parser.add_argument("--open", action="append", metavar="TITLE", help="a collapsed row")
    parser.add_argument("--output", type=Path, default=IMAGES)
    options = parser.parse_args()
    selected = dict(each.split("=", 1) for each in options.select)
    if not options.prometheus:
        if not shutil.which("prometheus"):
            parser.error("there is no prometheus here")
        selected = {"field": "petal_length"} | selected
    options.output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        url = options.prometheus or stack.enter_context(watched_service(options.minutes))
        source = Prometheus(url.rstrip("/"), time.time(), 60 * options.minutes)
        for path in sorted(DASHBOARDS.glob("*.json")):
            dashboard = json.loads(path.read_text(encoding="utf-8"))
            panels = lay_out(source, dashboard, selected, set(options.open or OPENED))
            picture = options.output / f"dashboard-{path.stem}.png"
            times = (source.end_s - source.span_s, source.end_s)
            draw(dashboard["title"], panels, times).save(picture)
            print(f"{picture}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
