"""The loop closes: drift, an alert, retraining, a better model that is served, and no alert."""

import csv
import json
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bakery import LIBRARY, BakedProject
from tests.engine.e2e.alerting.test_alert_chain import Traffic, comes_true
from tests.loopback import free_port, running
from tests.workflows.github import GitHub, running_relay
from tests.workflows.repository import Repository
from tests.workflows.store import Store

FAMILIES = ("iris",)
FIELDS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SHIFT = (4.0, 0.0, 2.2, 0.9)  # of another instrument, in centimetres
STILL_USUAL = 0.15  # of the rows after the shift
LABELLED_ROWS = 1_200

Row = dict[str, Any]


class Flowers:
    """Rows around those of the sample, each with its species; later ones by another instrument."""

    def __init__(self, table: Path) -> None:
        """Read the sample."""
        with table.open(encoding="utf-8", newline="") as stream:
            self._sample = list(csv.DictReader(stream))
        self._random = random.Random(7)
        self.shifted = False
        self.species: dict[str, str] = {}

    def draw(self) -> Row:
        """Return another row."""
        flower = self._random.choice(self._sample)
        moved = self.shifted and self._random.random() > STILL_USUAL
        row = {
            name: round(float(flower[name]) + moved * shift + self._random.gauss(0, 0.05), 4)
            for name, shift in zip(FIELDS, SHIFT, strict=True)
        }
        self.species[json.dumps(row)] = flower["species"]
        return row


class Labelled(Traffic):
    """Traffic whose truth is sent back after each answer, and whose failures are kept."""

    def __init__(self, port: int, flowers: Flowers) -> None:
        """Start with no traffic."""
        super().__init__([port], [])
        self.flowers = flowers
        self.failures: list[str] = []
        self.labelled = 0
        self.versions: list[str] = []

    def send_once(self) -> None:
        """Ask for ten rows, and say what they were."""
        rows = [self.flowers.draw() for _ in range(10)]
        try:
            answer = self.post(self.ports[0], "/predict", {"instances": rows})
            outcomes = [
                {
                    "inference_id": answer["inference_id"],
                    "row": i,
                    "label": self.flowers.species[json.dumps(row)],
                }
                for i, row in enumerate(rows)
            ]
            self.post(self.ports[0], "/feedback", {"outcomes": outcomes})
        except (OSError, AssertionError) as error:
            self.failures.append(repr(error))
            return
        self.labelled += self.flowers.shifted * len(rows)
        if answer["model_version"] not in self.versions:
            self.versions.append(answer["model_version"])

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send for as long as the block lasts."""
        stop = threading.Event()

        def send() -> None:
            while not stop.wait(0.03):
                self.send_once()

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


class Project:
    """A repository on GitHub whose commands are the project's own, and whose pushes arrive."""

    def __init__(self, baked: BakedProject, folder: Path) -> None:
        """Put real programs in the place of the stand-ins."""
        self.repository = Repository(baked, folder)
        self.package = baked.slug.replace("-", "_")
        self.path = self.repository.path
        self.command = self.path / ".venv" / "bin" / baked.slug
        paths = f"{LIBRARY / 'src'}"
        own = f'PYTHONPATH="$PWD/src:{paths}" exec "{sys.executable}"'
        self.write(self.command, f'{own} -m {self.package} "$@"\n')
        tests = f'{own} -m pytest -q "$@"'
        sessions = (
            'session="$3"; shift 3; [ "$1" = -- ] && shift\n'
            'case "$session" in\n'
            "dev) ;;\n"
            f'train) exec .venv/bin/{baked.slug} train "$@" ;;\n'
            f"tests) {tests} ;;\n"
            "*) exit 9 ;;\n"
            "esac\n"
        )
        self.write(self.repository.programs / "uvx", sessions)
        self.pushed = self.repository.receive_pushes()
        self.repository.reply("gh", "pr", "list", says="[]")

    @staticmethod
    def write(path: Path, script: str) -> None:
        """Write a program."""
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
        path.chmod(0o755)

    def merge(self, branch: str, into: Path) -> Path:
        """Return a folder with the project and what a branch changes: its commit has no more."""
        shutil.copytree(self.path, into, ignore=shutil.ignore_patterns(".git"))
        clone = ("git", "clone", "--quiet", "--branch", branch, str(self.pushed), f"{into}.branch")
        subprocess.run(clone, check=True)
        ignored = shutil.ignore_patterns(".git")
        shutil.copytree(f"{into}.branch", into, ignore=ignored, dirs_exist_ok=True)
        return into

    def run(self, *words: str, cwd: Path | None = None) -> None:
        """Run a command of the project."""
        subprocess.run([str(self.command), *words], cwd=cwd or self.path, check=True)


def add_receiver(config: Path, url: str) -> None:
    """Add what the documentation says to Alertmanager's configuration."""
    page = (LIBRARY / "docs" / "retraining.md").read_text(encoding="utf-8")
    blocks = [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]
    route, receiver = (
        yaml.safe_load(block) for block in blocks if "alertmanager.yaml" in block.splitlines()[0]
    )
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["route"]["routes"] = [*route, *content["route"]["routes"]]
    receiver[0]["webhook_configs"][0]["url"] = url
    content["receivers"] += receiver
    config.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Return GitHub's API."""
    server = GitHub()
    with running(server):
        yield server


def pack(folder: Path, model: Path, into: Path) -> bytes:
    """Return what the service has kept, and its model, as the archive that CAPTURES_URL names."""
    stage = into / "archive"
    shutil.rmtree(stage, ignore_errors=True)
    for name in ("captures", "ground-truth"):
        shutil.copytree(folder / name, stage / name)
    shutil.copytree(model, stage / "model")
    path = shutil.make_archive(str(into / "captures"), "gztar", stage)
    return Path(path).read_bytes()


def firing(watching: Any, version: str) -> set[str]:
    """Return the alerts on drift or quality that fire for a version."""
    alerts = watching.query('ALERTS{alertstate="firing"}')
    return {
        each["metric"]["alertname"] for each in alerts if each["metric"].get("version") == version
    }


@pytest.mark.e2e
@pytest.mark.slow
def test_an_alert_ends_in_a_better_model_without_a_failed_request(
    watch: Callable[..., Any],
    serve: Callable[..., Any],
    shared_bake: Callable[[str], BakedProject],
    github: GitHub,
    tmp_path: Path,
) -> None:
    project = Project(shared_bake("scikit-learn-classifier--none"), tmp_path / "github")
    project.run("train", "--output", str(tmp_path / "served"))
    served = tmp_path / "served"
    first = json.loads((served / "manifest.json").read_text("utf-8"))["version"]
    kept = tmp_path / "kept"
    service = serve(
        *("--model", str(served)),
        command=lambda *words: [sys.executable, "-m", project.package, *words],
        PYTHONPATH=f"{project.path / 'src'}:{LIBRARY / 'src'}",
        CAPTURE_DIR=str(kept / "captures"),
        GROUND_TRUTH_DIR=str(kept / "ground-truth"),
        CAPTURE_FILE_AGE_S="1",
        RELOAD_INTERVAL_S="0.2",
    )
    flowers = Flowers(project.path / "data" / "iris.csv")
    traffic = Labelled(service.port, flowers)
    with running_relay(github, tmp_path) as relay, traffic.flowing():
        watching = watch(
            [service.port], (free_port(), free_port()), lambda path: add_receiver(path, relay)
        )
        # Usual traffic, then another instrument: the alert reaches GitHub through the relay.
        enough = 'min(model:rows{kind="input",window="1h"}) >= 300'
        assert comes_true(lambda: watching.query(enough))
        assert github.dispatched == []
        flowers.shifted = True
        assert comes_true(lambda: github.dispatched), watching.query("model:psi")
        _, _, dispatch = github.dispatched[0]
        assert dispatch["event_type"] == "retrain"
        assert dispatch["client_payload"]["version"] == first
        assert comes_true(lambda: traffic.labelled >= LABELLED_ROWS)

        # The workflow runs, with the project's own commands: it opens a pull request.
        store = Store()
        store.archive = pack(kept, served, tmp_path)
        with running(store):
            project.repository.variables["CAPTURES_URL"] = store.url
            run = project.repository.run("retrain.yml", "repository_dispatch")
        assert run.jobs == {"retrain": "success", "propose": "success"}, run.log
        (created,) = project.repository.calls("gh", "pr", "create")
        assert "--base=main" in created

        # Merged and deployed: the same data give the same model, which the service takes up.
        candidate = project.repository.kept / "artifacts" / "candidate" / "manifest.json"
        second = json.loads(candidate.read_text("utf-8"))["version"]
        assert second != first
        merged = project.merge(f"retrain/{second}", tmp_path / "merged")
        project.run("train", "--output", str(tmp_path / "fresh"), cwd=merged)
        project.run("promotions", "--verify", "--to", "none", cwd=merged)
        place = ("--to", str(served), "--record", str(tmp_path / "promotions.jsonl"))
        project.run("promote", str(tmp_path / "fresh"), *place, "--tolerance", "inf", cwd=merged)
        project.run("promotions", "--verify", *place)
        assert comes_true(lambda: second in traffic.versions)

        # The alert ends, and none begins for the new version, whose traffic is what it has learnt.
        assert comes_true(lambda: not firing(watching, first))
        seen = f'min(model:rows{{kind="input",window="1h",version="{second}"}}) >= 300'
        assert comes_true(lambda: watching.query(seen))
        assert firing(watching, second) == set()
    assert traffic.failures == []
    assert traffic.versions == [first, second]
    assert service.stop() == 0
