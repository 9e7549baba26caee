"""Fixtures of the monitoring tests: captures and ground truth as a service writes them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count, cycle
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, Service
from modelserve.artifact import Artifact
from modelserve.monitoring import processes
from modelserve.monitoring.collection import MonitoringSources
from modelserve.monitoring.config import MonitoringConfig, load_config
from modelserve.monitoring.counts import CaptureCounts
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.job import run
from modelserve.monitoring.partitions import TimeWindow
from modelserve.monitoring.processes import WorkerPool
from modelserve.monitoring.results.result import MonitoringResult
from modelserve.training.config import Config as TrainingConfig
from modelserve.training.splits import split
from modelserve.training.tasks import load_task
from starlette.testclient import TestClient

from tests.engine.families import Family

HOUR = "2026/11/21/10"
TIME = "2026-11-21T10:00:00Z"
ENOUGH = 60  # rows, more than any minimum in the configuration

Row = dict[str, Any]
Record = dict[str, Any]
MakeRecord = Callable[..., Record]
Captured = Callable[..., list[Record]]
Write = Callable[..., Path]
Truth = Callable[..., Record]
Pairs = list[tuple[Row, Any]]


def side(mode: str, text: str, encoding: str = "JSON", kind: str = "application/json") -> Record:
    """Return one side of a record."""
    return {"observedContentType": kind, "mode": mode, "data": text, "encoding": encoding}


@pytest.fixture
def bounds(family: Family) -> MonitoringConfig:
    """Return the project's monitoring configuration."""
    return load_config(family.root / "config" / "monitoring.toml")


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a factory of records from bodies: texts, or JSON content; each is another event."""
    numbers = count()

    def make(
        request: Any, response: Any, *, name: str = "1" * 32, time: str = TIME, **encoding: str
    ) -> Record:
        sides = {"endpointInput": request, "endpointOutput": response}
        modes = {"endpointInput": "INPUT", "endpointOutput": "OUTPUT"}
        captured = {
            key: side(modes[key], each if isinstance(each, str) else json.dumps(each), **encoding)
            for key, each in sides.items()
            if each is not None
        }
        event = {"eventId": f"{next(numbers):032x}", "inferenceTime": time, "inferenceId": name}
        return {"captureData": captured, "eventMetadata": event, "eventVersion": "0"}

    return make


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[WorkerPool]:
    """Return a pool of up to two processes, with a folder of its own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with WorkerPool(scratch, 2) as workers:
        yield workers


@pytest.fixture
def read_all(tmp_path: Path) -> Callable[..., CaptureCounts]:
    """Return a function that reads files, in as many processes as they are worth."""
    numbers = count()

    def read(reader: CaptureReader, files: Sequence[Path]) -> CaptureCounts:
        scratch = tmp_path / f"scratch-{next(numbers)}"
        scratch.mkdir()
        with WorkerPool(scratch, processes.processes_for(files)) as workers:
            return processes.read(reader, files, workers)

    return read


@pytest.fixture
def write_lines(tmp_path: Path) -> Write:
    """Return a writer of JSON Lines files; bytes are written unchanged."""

    def write(
        lines: Iterable[Any], *, hour: str = HOUR, name: str = "one.jsonl", folder: str = "captures"
    ) -> Path:
        path = tmp_path / folder / "endpoint" / "AllTraffic" / hour / name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)
        path.write_bytes(b"".join(each + b"\n" for each in whole))
        return tmp_path / folder

    return write


@pytest.fixture
def captured(client: TestClient, make_record: MakeRecord) -> Captured:
    """Return a factory of the records of rows that the service has answered."""

    def ask(rows: list[Row], *, time: str = TIME, each: int = 16) -> list[Record]:
        records = []
        for start in range(0, len(rows), each):
            asked = {"instances": rows[start : start + each]}
            answer = client.post("/predict", json=asked)
            assert answer.status_code == 200
            name = answer.json()["inference_id"]
            records.append(make_record(asked, answer.text, name=name, time=time))
        return records

    return ask


@pytest.fixture
def truth() -> Truth:
    """Return a factory of ground-truth records."""

    def make(value: Any, name: str = "1" * 32, **event: Any) -> Record:
        return {
            "groundTruthData": {"data": str(value), "encoding": "CSV"},
            "eventMetadata": {"eventId": name, **event},
            "eventVersion": "0",
        }

    return make


@pytest.fixture
def held_out(project: Project, config: TrainingConfig) -> Pairs:
    """Return calibration and test rows with their ground truth: production without drift."""
    parts = split(project.load(config.data), config.split, load_task(config.task), config.seed)
    return [
        pair
        for part in (parts.calibration, parts.test)
        for pair in zip(
            json.loads(part.rows.to_json(orient="records", double_precision=15)),
            part.target.tolist(),
            strict=True,
        )
    ]


@pytest.fixture
def shift(trained: Artifact) -> Callable[[Row], Row]:
    """Return a function that moves a row far away from training's distribution."""

    def move(row: Row) -> Row:
        moved = dict(row)
        for feature in trained.manifest.features:
            if feature.dtype in ("number", "integer"):
                moved[feature.name] = type(row[feature.name])(feature.maximum)
            elif feature.dtype == "category":
                moved[feature.name] = "never seen before"
            elif feature.dtype == "text":
                moved[feature.name] = " ".join([row[feature.name]] * 20)
        return moved

    return move


class Production:
    """A service's captures and ground truth.

    Args:
        captured: sends rows to the service.
        write_lines: writes files.
        truth: makes ground-truth records.
        held_out: rows as in training, with their ground truth.
    """

    def __init__(
        self, captured: Captured, write_lines: Write, truth: Truth, held_out: Pairs
    ) -> None:
        self.capture = captured
        self.write = write_lines
        self.truth = truth
        self.held_out = held_out
        self.rows = [row for row, _ in held_out] * ceil(ENOUGH / len(held_out))

    def write_truths(
        self,
        records: list[Record],
        *,
        wrong: Callable[[Any], Any] = lambda value: value,
        pairs: Pairs | None = None,
        name: str = "one.jsonl",
        **event: Any,
    ) -> Path:
        """Write the ground truth of records of the held-out rows; return its folder."""
        values = cycle(value for _, value in pairs or self.held_out)
        lines = []
        for record in records:
            rows = json.loads(record["captureData"]["endpointInput"]["data"])["instances"]
            about = {"name": record["eventMetadata"]["inferenceId"], **event}
            lines += [self.truth(wrong(next(values)), row=i, **about) for i in range(len(rows))]
        return self.write(lines, folder="truths", name=name)


@pytest.fixture
def production(captured: Captured, write_lines: Write, truth: Truth, held_out: Pairs) -> Production:
    """Return a service's production."""
    return Production(captured, write_lines, truth, held_out)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return where a report goes."""
    return tmp_path / "report"


@pytest.fixture
def service(family: Family, make_settings: Callable[..., Any]) -> Service:
    """Return the service around the family's artifact."""
    return family.project.service_class(make_settings())


@pytest.fixture
def job(
    service: Service, bounds: MonitoringConfig, output: Path
) -> Callable[..., MonitoringResult]:
    """Return a function that runs the job."""

    def start(
        captures: Path,
        *,
        ground_truth: Path | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **changes: Any,
    ) -> MonitoringResult:
        options = {"config": bounds, "output": output, "service": service} | changes
        window, groups = TimeWindow(since, until), options["config"].fairness.groups
        chosen = options.pop("service")
        sources = MonitoringSources(captures, ground_truth, chosen, groups, window)
        return run(sources, **options)

    return start
