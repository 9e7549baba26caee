"""What the monitoring tests share: captures and truths as a service in production leaves them."""

import json
from collections.abc import Callable, Iterable
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.config import Config, load_config
from modelserve.monitoring.findings import MonitoringResult
from modelserve.monitoring.job import run
from modelserve.training import data
from modelserve.training.config import (
    Config as TrainingConfig,
)
from modelserve.training.splits import split
from starlette.testclient import TestClient

PROJECT = Path(__file__).parent.parent.parent
HOUR = "2026/11/21/10"
TIME = "2026-11-21T10:00:00Z"
ENOUGH = 60  # rows, of which anything can be told

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
def bounds() -> Config:
    """Return the project's own monitoring configuration."""
    return load_config(PROJECT / "config" / "monitoring.toml")


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a way to records of what was asked and answered, as text or as JSON content."""

    def make(
        asked: Any, answered: Any, *, name: str = "1" * 32, time: str = TIME, **encoding: str
    ) -> Record:
        sides = {"endpointInput": asked, "endpointOutput": answered}
        modes = {"endpointInput": "INPUT", "endpointOutput": "OUTPUT"}
        captured = {
            key: side(modes[key], each if isinstance(each, str) else json.dumps(each), **encoding)
            for key, each in sides.items()
            if each is not None
        }
        event = {"eventId": name, "inferenceTime": time, "inferenceId": name}
        return {"captureData": captured, "eventMetadata": event, "eventVersion": "0"}

    return make


@pytest.fixture
def write_lines(tmp_path: Path) -> Write:
    """Return a way to files of one value a line; bytes are written as they are."""

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
    """Return a way to records of rows that the service has answered."""

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
    """Return a way to records of what turned out to be true."""

    def make(value: Any, name: str = "1" * 32, **event: Any) -> Record:
        return {
            "groundTruthData": {"data": str(value), "encoding": "CSV"},
            "eventMetadata": {"eventId": name, **event},
            "eventVersion": "0",
        }

    return make


@pytest.fixture
def held_back(config: TrainingConfig) -> Pairs:
    """Return the rows that training held back, each with its truth: production without a shift."""
    parts = split(data.load(config.data), config.data, config.seed)
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
def shift(found: Artifact) -> Callable[[Row], Row]:
    """Return a way to rows that no longer look like training's."""

    def move(row: Row) -> Row:
        moved = dict(row)
        for feature in found.manifest.features:
            if feature.kind in ("number", "integer"):
                moved[feature.name] = type(row[feature.name])(feature.maximum)
            elif feature.kind == "category":
                moved[feature.name] = "never seen before"
            elif feature.kind == "text":
                moved[feature.name] = " ".join([row[feature.name]] * 20)
        return moved

    return move


class Production:
    """Weeks of a service in a moment: its captures, and what turned out to be true.

    Args:
        captured: asks the service.
        write_lines: writes what it leaves.
        truth: words what turned out to be true.
        held_back: rows as in training, with their truths.
    """

    def __init__(
        self, captured: Captured, write_lines: Write, truth: Truth, held_back: Pairs
    ) -> None:
        self.capture = captured
        self.write = write_lines
        self.truth = truth
        self.held_back = held_back
        self.rows = [row for row, _ in held_back] * ceil(ENOUGH / len(held_back))

    def tell(
        self,
        records: list[Record],
        *,
        wrong: Callable[[Any], Any] = lambda value: value,
        pairs: Pairs | None = None,
        name: str = "one.jsonl",
        **event: Any,
    ) -> Path:
        """Write the truths about records of the rows that were held back; return their folder."""
        values = cycle(value for _, value in pairs or self.held_back)
        lines = []
        for record in records:
            asked = json.loads(record["captureData"]["endpointInput"]["data"])["instances"]
            told = {"name": record["eventMetadata"]["inferenceId"], **event}
            lines += [self.truth(wrong(next(values)), row=i, **told) for i in range(len(asked))]
        return self.write(lines, folder="truths", name=name)


@pytest.fixture
def production(
    captured: Captured, write_lines: Write, truth: Truth, held_back: Pairs
) -> Production:
    """Return a service's production."""
    return Production(captured, write_lines, truth, held_back)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return where a report goes."""
    return tmp_path / "report"


@pytest.fixture
def job(found: Artifact, bounds: Config, output: Path) -> Callable[..., MonitoringResult]:
    """Return a way to run the job."""

    def start(captures: Path, **changes: Any) -> MonitoringResult:
        asked: dict[str, Any] = {
            "ground_truth": None,
            "found": found,
            "config": bounds,
            "since": None,
            "until": None,
            "output": output,
        }
        return run(captures, **asked | changes)

    return start
