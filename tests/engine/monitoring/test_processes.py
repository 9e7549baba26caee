"""Several processes count what one would have counted."""

import os
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from modelserve.errors import MonitoringError
from modelserve.monitoring import processes
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.partitions import TimeWindow, find_files
from modelserve.monitoring.processes import WorkerPool, divide, processes_for


@pytest.fixture
def folder(write_lines: Any, captured: Any, golden: list[dict[str, Any]]) -> Path:
    """Return captures in six files, each with a line that is no record."""
    records = captured([case["input"] for case in golden], each=2)
    for i, record in enumerate(records):
        place: Path = write_lines([record, b"?", {}], name=f"{i}.jsonl")
    return place


@pytest.fixture
def reader(trained: Any, folder: Path) -> CaptureReader:
    """Return what reads these captures."""
    return CaptureReader(trained, TimeWindow(), None, groups=1, folder=folder)


def sizes(folder: Path, *sizes_bytes: int) -> list[Path]:
    """Return files of these sizes."""
    paths = [folder / f"{i}.jsonl" for i in range(len(sizes_bytes))]
    for path, size_bytes in zip(paths, sizes_bytes, strict=True):
        path.write_bytes(b"\n" * size_bytes)
    return paths


def test_two_processes_count_what_one_does(
    reader: CaptureReader, folder: Path, read_all: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = find_files(folder, TimeWindow()).files
    alone = read_all(reader, files)
    monkeypatch.setattr(processes, "PROCESS_BYTES", 1)
    monkeypatch.setattr("modelserve.processors.available", lambda: 2.0)

    together = read_all(reader, files)

    assert processes_for(files) == 2
    assert together.rows == alone.rows == 12
    assert together.errors == alone.errors
    assert (together.errors.corrupt, together.errors.foreign) == (6, 6)
    assert together.versions == alone.versions
    assert (together.first_us, together.last_us) == (alone.first_us, alone.last_us)
    for mine, theirs in ((alone.inputs, together.inputs), (alone.outputs, together.outputs)):
        for name, tally in mine.items():
            assert theirs[name].counts.tolist() == tally.counts.tolist()
            assert theirs[name].moments.mean == pytest.approx(tally.moments.mean)


def test_a_process_that_is_killed_is_reported(
    reader: CaptureReader, folder: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        """Processes that come to an end before they have begun."""

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def shutdown(self) -> None:
            """Do nothing."""

        def map(self, *_: object) -> None:
            """Fail."""
            raise BrokenProcessPool

    monkeypatch.setattr(processes, "ProcessPoolExecutor", Broken)
    with pytest.raises(MonitoringError, match="was killed, probably for memory"):
        processes.read(reader, find_files(folder, TimeWindow()).files, pool)


def test_a_file_that_is_gone_is_counted_and_named(
    reader: CaptureReader, pool: WorkerPool, folder: Path
) -> None:
    gone = [folder.resolve() / "gone.jsonl"]
    assert processes_for(gone) == 1
    errors = processes.read(reader, gone, pool).errors
    assert (errors.corrupt, [each.file for each in errors.first]) == (1, ["gone.jsonl"])


def process_of(number: int) -> int:
    """Return the process that is asked; not as fast as another one is chosen."""
    sleep(number / 10)
    return os.getpid()


def test_one_pool_has_the_same_processes_for_all_work(pool: WorkerPool) -> None:
    alone = pool.run(process_of, [0])
    first, second = (set(pool.run(process_of, [1, 1, 1, 1])) for _ in range(2))
    assert alone == [os.getpid()]
    assert len(first | second) == 2
    assert os.getpid() not in first | second


@pytest.mark.parametrize(
    ("sizes_bytes", "count", "expected"),
    [
        pytest.param([10] * 4, 2, [[0, 1], [2, 3]], id="alike"),
        pytest.param([30, 10, 10, 10], 2, [[0], [1, 2, 3]], id="a-large-one-first"),
        pytest.param([1, 1, 1, 57], 2, [[0, 1, 2], [3]], id="a-large-one-last"),
        pytest.param([10] * 4, 9, [[0], [1], [2], [3]], id="more-processes-than-files"),
        pytest.param([10] * 9, 8, [[0], [1], [2], [3], [4, 5], [6], [7], [8]], id="one-more"),
        pytest.param([3], 2, [[0]], id="one"),
        pytest.param([], 2, [], id="none"),
        pytest.param([0, 0], 2, [[0, 1]], id="empty"),
        pytest.param([10, 10, 0], 2, [[0], [1, 2]], id="empty-last"),
    ],
)
def test_neighbouring_files_go_to_the_same_process(
    tmp_path: Path, sizes_bytes: list[int], count: int, expected: list[list[int]]
) -> None:
    parts = divide(sizes(tmp_path, *sizes_bytes), processes=count)
    assert [[int(path.stem) for path in part] for part in parts] == expected


@pytest.mark.parametrize(
    ("sizes_bytes", "processors", "count"),
    [
        pytest.param([10, 10], 2, 1, id="few-captures"),
        pytest.param([600, 500], 64, 1, id="almost-two"),
        pytest.param([600, 600], 64, 2, id="two"),
        pytest.param([600, 600], 1.5, 1, id="one-processor"),
        pytest.param([6_000, 600], 64, 8, id="at-most-8"),
        pytest.param([], 2, 1, id="none"),
    ],
)
def test_captures_are_worth_a_process_by_their_size(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sizes_bytes: list[int],
    processors: float,
    count: int,
) -> None:
    monkeypatch.setattr(processes, "PROCESS_BYTES", 600)
    monkeypatch.setattr("modelserve.processors.available", lambda: processors)
    assert processes_for(sizes(tmp_path, *sizes_bytes)) == count
