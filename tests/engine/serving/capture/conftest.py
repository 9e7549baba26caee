"""What the tests of captures share: a disk at will, and a writer whose books must balance."""

import errno
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.serving import rotating_writer
from modelserve.serving.rotating_writer import Bounds, RecordCounter, RotatingWriter

PATIENCE_S = 10  # for what happens at once, unless something is broken
TEN = 1_795_255_200.0  # 2026-11-21T10:00:00Z
BOUNDS = {"queue_records": 10_000, "queue_bytes": 1e6, "file_bytes": 1e6, "file_age_s": 3_600}


class Disk:
    """What is written goes through it: it can be made full, emptied, held up, and let go."""

    def __init__(self, write: Callable[[int, memoryview], int]) -> None:
        self.room = math.inf
        self.refusals = 0
        self.entered = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self._write = write

    def write(self, descriptor: int, content: memoryview) -> int:
        """Write what there is room for; refuse where there is none."""
        self.entered.set()
        if not self.go.wait(PATIENCE_S):
            raise TimeoutError("nobody let the disk go")
        if not self.room:
            self.refusals += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        done = self._write(descriptor, content[: int(min(len(content), self.room))])
        self.room -= done
        return done


class Books:
    """A writer, and the books of what it was given and says to have kept and dropped."""

    def __init__(self, folder: Path, **bounds: Any) -> None:
        self.folder = folder
        self.given: list[bytes] = []
        self.kept = 0
        self.dropped: Counter[str] = Counter()
        tally = RecordCounter(
            self._keep, lambda reason, count: self.dropped.update({reason: count})
        )
        self.writer = RotatingWriter(folder, Bounds(**(BOUNDS | bounds)), tally)

    def _keep(self, count: int) -> None:
        self.kept += count

    def give(self, *lines: bytes, time_s: float = TEN) -> None:
        """Add lines of one time, one after the other."""
        for line in lines:
            self.give_together(line, time_s=time_s)

    def give_together(self, *lines: bytes, time_s: float = TEN) -> None:
        """Add lines of one time at once."""
        self.given += lines
        self.writer.add(time_s, *lines)

    def written(self) -> list[bytes]:
        """Return the lines of all files that are closed."""
        paths = sorted(self.folder.rglob("*.jsonl"))
        return [line for path in paths for line in path.read_bytes().splitlines(keepends=True)]

    def open(self) -> list[bytes]:
        """Return the lines of the file that is being written."""
        lines: list[bytes] = []
        for path in self.folder.rglob(".*.part"):
            with suppress(FileNotFoundError):  # it has just been closed
                lines += path.read_bytes().splitlines(keepends=True)
        return lines

    def close(self) -> None:
        """Close the writer: then the books must balance."""
        self.writer.close()
        actual = self.written()
        assert not self.open()
        assert all(line.endswith(b"\n") for line in actual)
        assert set(actual) <= set(self.given)
        assert self.kept == len(actual)
        assert len(self.given) == len(actual) + self.dropped.total()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Return a disk that does what a test wants; it is let go at the end at the latest."""
    made = Disk(os.write)
    monkeypatch.setattr(os, "write", made.write)
    yield made
    made.go.set()


@pytest.fixture
def until() -> Callable[..., None]:
    """Return a way to wait for what happens before long, unless something is broken."""

    def wait(happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline, "it has not happened"
            time.sleep(0.005)

    return wait


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating_writer, "PAUSE_S", 0.002)
    monkeypatch.setattr(rotating_writer, "RETRY_S", 0.002)


@pytest.fixture
def keep(tmp_path: Path, _quick: None) -> Iterator[Callable[..., Books]]:
    """Return a function that creates writers; at the end, the books of each must balance."""
    made: list[tuple[Books, bool]] = []

    def make(*, folder: Path = tmp_path / "captures", balance: bool = True, **bounds: Any) -> Books:
        books = Books(folder, **bounds)
        made.append((books, balance))
        return books

    yield make
    for books, balance in made:
        if balance:
            books.close()
        else:
            books.writer.close()


@pytest.fixture
def tensors(make_components: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return a way to the Open Inference Protocol's request for a row."""
    components = make_components()

    def make(row: dict[str, Any]) -> dict[str, Any]:
        arrays = components.codec.gather([row]).tensors
        given = []
        for each in components.oip.metadata()["inputs"]:
            name = each["name"]  # of an array that the graph takes, or of a field
            array = arrays[name] if name in arrays else np.array([row[name]])
            given.append(each | {"shape": list(array.shape), "data": array.ravel().tolist()})
        return {"inputs": given}

    return make
