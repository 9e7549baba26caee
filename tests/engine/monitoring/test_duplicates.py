"""A record that was captured twice counts once, in whichever files and processes it is read."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring import processes
from modelserve.monitoring.counts import CaptureCounts
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.ingest.duplicates import KEY, find_duplicates
from modelserve.monitoring.key_files import KeyWriter
from modelserve.monitoring.partitions import TimeWindow, find_files
from modelserve.monitoring.results.result import MonitoringResult
from modelserve.monitoring.row_keys import event_keys

Read = Callable[..., CaptureCounts]
WINDOW = TimeWindow()
UUIDS = ("a6f3c9d2-0b7e-4c1d-9f3a-2e5b8c7d6e1f", "b7a4d0e3-1c8f-4d2e-8a4b-3f6c9d8e7f20")


@pytest.fixture
def read(trained: Artifact, write_lines: Callable[..., Path], read_all: Read) -> Read:
    """Return a function that reads some files."""

    def start(*files: Sequence[Any], window: TimeWindow = WINDOW) -> CaptureCounts:
        for i, lines in enumerate(files):
            folder = write_lines(lines, name=f"{i}.jsonl")
        reader = CaptureReader(trained, window, None, groups=1, folder=folder)
        return read_all(reader, find_files(folder, window).files)

    return start


@pytest.fixture
def rows(golden: list[dict[str, Any]]) -> list[Any]:
    """Return the golden cases' rows."""
    return [case["input"] for case in golden]


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in two processes, however little there is."""
    monkeypatch.setattr(processes, "PROCESS_BYTES", 1)
    monkeypatch.setattr("modelserve.processors.available", lambda: 2.0)


def counted(counts: CaptureCounts) -> Any:
    """Return what must not depend on duplicates."""
    fields = [each.counts.tolist() for each in (*counts.inputs.values(), *counts.outputs.values())]
    moments = [each.moments for each in counts.inputs.values()]
    timeline = {step: sums.tolist() for step, sums in counts.timeline.sums.items()}
    return counts.records, counts.rows, counts.versions, fields, moments, timeline


def test_a_record_in_a_file_twice_counts_once(read: Read, captured: Any, rows: list[Any]) -> None:
    first, second, third = captured(rows[:6], each=2)
    once = read([first, second, third])
    twice = read([first, second, first, third, third, third])
    assert counted(twice) == counted(once)
    assert (once.duplicate, twice.duplicate) == (0, 3)


@pytest.mark.usefixtures("two_processes")
def test_files_that_are_read_by_different_processes_may_share_records(
    read: Read, captured: Any, rows: list[Any]
) -> None:
    records = captured(rows[:12], each=2)
    again = read(records[:3], [*records[3:], records[0], records[1], records[5]])
    once = read(records[:3], records[3:])
    assert counted(again)[:4] == counted(once)[:4]
    assert (once.duplicate, again.duplicate) == (0, 3)


def test_a_copied_file_counts_once(job: Any, production: Any) -> None:
    records = production.capture(production.rows)
    production.write(records, name="one.jsonl")
    folder = production.write(records, name="copy.jsonl", hour="2026/11/21/11")
    result: MonitoringResult = job(folder)
    assert result.window.records == result.captures.duplicate == len(records)


def test_requests_to_which_a_client_gave_one_id_are_different_records(
    read: Read, make_record: Any, rows: list[Any], captured: Any
) -> None:
    (record,) = captured(rows[:1])
    event = record["eventMetadata"]
    later = {**record, "eventMetadata": {**event, "inferenceTime": "2026-11-21T10:00:01Z"}}
    assert read([record, later]).records == 2


def test_duplicates_out_of_the_window_are_out_of_the_window(
    read: Read, captured: Any, rows: list[Any]
) -> None:
    (record,) = captured(rows[:1])
    (late,) = captured(rows[:1], time="2026-11-21T12:00:00Z")
    window = TimeWindow(until=datetime(2026, 11, 21, 11, tzinfo=UTC))
    counts = read([record, late, late, record], window=window)
    assert (counts.records, counts.duplicate, counts.outside) == (1, 1, 2)


def test_an_event_without_an_id_is_known_by_its_inference_id(
    read: Read, captured: Any, rows: list[Any]
) -> None:
    records = captured(rows[:2], each=1)
    for record in records:
        del record["eventMetadata"]["eventId"]
    counts = read([*records, records[0]])
    assert (counts.records, counts.duplicate) == (2, 1)


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param(UUIDS, id="uuid"),
        pytest.param([each.replace("-", "") for each in UUIDS], id="service"),
        pytest.param(["order-1", "order-2"], id="client"),
        pytest.param([UUIDS[0], "order-2"], id="mixed"),
        pytest.param(["x" * 36, "y" * 36], id="long-texts"),
        pytest.param(["-" * 36, "0" * 32], id="hyphens"),
    ],
)
def test_an_event_has_the_same_key_alone_and_among_others(ids: Sequence[str]) -> None:
    times = np.array([5, 5])
    together = event_keys(ids, times)
    alone = [int(event_keys([name], times[:1])[0]) for name in ids]
    assert together.tolist() == alone
    assert len(set(alone)) == 2


def write_keys(folder: Path, *parts: Any) -> list[Path]:
    """Write keys of records as the processes do, each to a folder."""
    folders = [folder / str(i) for i in range(len(parts))]
    for place, keys in zip(folders, parts, strict=True):
        writer = KeyWriter(place, KEY)
        writer.add(keys)
        writer.flush()
    return folders


def test_every_record_is_first_in_just_one_place(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    parts = [random.integers(0, 500, 300).astype(np.uint64) << 55 for _ in range(4)]
    duplicates = find_duplicates(write_keys(tmp_path, *parts))
    first = [
        key
        for part, each in zip(parts, duplicates, strict=True)
        for block in np.array_split(part, 7)
        for key in block[each.find_first(block)].tolist()
    ]
    assert len(first) == len(set(first))
    assert set(first) == set(np.concatenate(parts).tolist())


def test_without_duplicates_nothing_is_read_again(tmp_path: Path) -> None:
    keys = np.arange(9, dtype=np.uint64)
    assert find_duplicates(write_keys(tmp_path, keys[:4], keys[4:], keys[:0])) == []
