"""Fixtures of the tests of collected rows: folders of captures and ground truth, and the job."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from modelserve.collect.job import CollectedRows, CollectionRequest, run
from modelserve.manifest import Manifest
from modelserve.monitoring import processes
from modelserve.training.reading.records import read_json_lines

from tests.engine.collect.records import HOUR, Record, make_manifest

Write = Callable[..., Path]
Collect = Callable[..., CollectedRows]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a writer of JSON Lines files; bytes are written unchanged."""

    def add(
        folder: str, lines: Iterable[Record | bytes], *, hour: str = HOUR, name: str = "one.jsonl"
    ) -> Path:
        path = tmp_path / folder / "houses" / "AllTraffic" / hour / name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)
        path.write_bytes(b"".join(each + b"\n" for each in whole))
        return path

    return add


@pytest.fixture
def collect(tmp_path: Path, write: Write) -> Collect:
    """Return a function that runs the job on records and truths, or on what is written already."""

    def start(
        records: Iterable[Record | bytes] | None = None,
        truths: Iterable[Record | bytes] | None = None,
        *,
        manifest: Manifest | None = None,
        output: str = "new.jsonl",
        force: bool = False,
        **request: Any,
    ) -> CollectedRows:
        for folder, lines in (("captures", records), ("truths", truths)):
            if not (tmp_path / folder).exists():
                (tmp_path / folder).mkdir()
            if lines is not None:
                write(folder, lines)
        return run(
            tmp_path / "captures",
            tmp_path / "truths",
            manifest or make_manifest(),
            tmp_path / output,
            request=CollectionRequest(**{"target": "sold"} | request),
            force=force,
        )

    return start


@pytest.fixture
def written(tmp_path: Path) -> Callable[[], list[Record]]:
    """Return a function that reads the rows of new.jsonl."""
    return lambda: read_json_lines(tmp_path / "new.jsonl", "utf-8")


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in two processes, however little there is."""
    monkeypatch.setattr(processes, "PROCESS_BYTES", 1)
    monkeypatch.setattr("modelserve.processors.available", lambda: 2.0)
