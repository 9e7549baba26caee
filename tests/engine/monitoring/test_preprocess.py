"""Captured rows are preprocessed as the service preprocesses them before a prediction."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Service
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.monitoring import processes
from modelserve.monitoring.collection import MonitoringSources, collect
from modelserve.monitoring.counts import CaptureCounts
from modelserve.monitoring.partitions import TimeWindow
from modelserve.types import Rows
from starlette.testclient import TestClient

Row = dict[str, Any]
UNIT = 10  # clients send the first field in millimetres, training had centimetres


def converted(row: Row, name: str) -> Row:
    """Return a row in training's unit."""
    return {**row, name: row[name] / UNIT}


@pytest.fixture
def field(trained: Artifact) -> str:
    """Return the name of the field that the hook changes."""
    return trained.manifest.features[0].name


@pytest.fixture
def service_class(family: Any, field: str) -> type[Service]:
    """Return a service whose hook converts a unit, and rejects a row without a positive value."""

    class Converting(family.project.service_class):  # type: ignore[misc,name-defined]
        """Overrides one hook."""

        def preprocess(self, rows: Rows) -> Rows:
            """Convert the field."""
            if any(row[field] <= 0 for row in rows):
                raise InvalidInputError([])
            return [converted(dict(row), field) for row in rows]

    return Converting


@pytest.fixture
def count(make_settings: Callable[..., Any]) -> Callable[..., CaptureCounts]:
    """Return a function that counts a folder as a service's monitoring job does."""

    def run(folder: Path, service_class: type[Service]) -> CaptureCounts:
        service = service_class(make_settings())
        return collect(MonitoringSources(folder, None, service, (), TimeWindow())).counts

    return run


@pytest.fixture
def rows(golden: list[dict[str, Any]], field: str) -> list[Row]:
    """Return the golden rows in the clients' unit."""
    return [{**case["input"], field: case["input"][field] * UNIT} for case in golden]


def counts(tally: CaptureCounts) -> dict[str, list[int]]:
    """Return the counts of each input."""
    return {name: each.counts.tolist() for name, each in tally.inputs.items()}


def test_rows_are_counted_as_the_model_saw_them(
    count: Any,
    service_class: type[Service],
    make_settings: Any,
    make_record: Any,
    write_lines: Any,
    *,
    rows: list[Row],
    field: str,
    family: Any,
) -> None:
    records = []
    with TestClient(service_class(make_settings()).create_app()) as client:
        for row in rows:
            request = {"instances": [row]}
            records.append(make_record(request, client.post("/predict", json=request).text))
    plain = [make_record({"instances": [converted(row, field)]}, None) for row in rows]

    preprocessed = count(write_lines(records), service_class)
    expected = count(write_lines(plain, folder="plain"), family.project.service_class)

    assert counts(preprocessed) == counts(expected)
    assert counts(preprocessed) != counts(count(write_lines(records), family.project.service_class))
    assert preprocessed.rows == len(rows)


def test_a_row_that_the_hook_rejects_is_counted_unchanged(
    count: Any,
    service_class: type[Service],
    make_record: Any,
    write_lines: Any,
    *,
    rows: list[Row],
    field: str,
) -> None:
    rejected = {**rows[0], field: -1.0}
    folder = write_lines([make_record({"instances": [rejected, rows[1]]}, None)])
    tally = count(folder, service_class)
    assert tally.rows == 2
    first, *_ = tally.inputs[field].counts.tolist()
    assert first >= 1  # -1 lies in the first bin
    assert tally.inputs[field].out_of_range == 1


def test_a_hook_is_not_sent_to_other_processes(
    count: Any,
    service_class: type[Service],
    make_record: Any,
    write_lines: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    rows: list[Row],
) -> None:
    """It may hold what cannot be pickled."""
    monkeypatch.setattr(processes, "PROCESS_BYTES", 1)
    monkeypatch.setattr("modelserve.processors.available", lambda: 2.0)
    monkeypatch.setattr(processes, "ProcessPoolExecutor", None)
    for i, row in enumerate(rows[:2]):
        folder = write_lines([make_record({"instances": [row]}, None)], name=f"{i}.jsonl")
    assert count(folder, service_class).rows == 2
