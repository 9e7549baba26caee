"""The file runs.jsonl: one line for each training run, the latest one last."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import to_json

from ..errors import ConfigurationError
from .run_record import RunRecord

RUNS = "runs.jsonl"

LONGEST_LINE = 1_000_000  # bytes
LISTED = 10  # candidates in an error, and damaged lines that are named one by one
LOCK_TRIES, LOCK_PAUSE_S = 20, 0.05


def append_run(path: Path, record: RunRecord) -> None:
    """Add a run to the end of a file; several trainings may do so at the same time.

    Raises:
        OSError: the file cannot be written.
    """
    line = to_json(record, inf_nan_mode="null") + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o644)
    try:
        with _lock(descriptor):
            if size := os.fstat(descriptor).st_size:
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                if os.read(descriptor, 1) != b"\n":  # an earlier write was cut off
                    line = b"\n" + line
            if os.write(descriptor, line) < len(line):
                raise OSError("the line was written only in part: is the disk full?")
    finally:
        os.close(descriptor)


@contextmanager
def _lock(descriptor: int) -> Iterator[None]:
    """Hold the file for a moment; without a lock, the one write is still whole on a local disk."""
    with suppress(ImportError, OSError):
        import fcntl  # pylint: disable=import-outside-toplevel  # Windows has none

        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # closing releases it
                break
            except BlockingIOError:
                time.sleep(LOCK_PAUSE_S)
    yield


def read_runs(path: Path, warn: Callable[[str], None]) -> list[RunRecord]:
    """Return the runs of a file, in its order.

    Args:
        path: of the file.
        warn: is given each line that cannot be read.

    Raises:
        ConfigurationError: there is no such file, or it cannot be read.
    """
    records: list[RunRecord] = []
    damaged = 0
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), 1):
                if not line.strip():
                    continue
                try:
                    records.append(RunRecord.model_validate_json(line))
                except ValidationError as error:
                    damaged += 1
                    if damaged <= LISTED:
                        problem = error.errors(include_url=False)[0]["msg"][:100]
                        warn(f"{path}, line {number} is skipped: {problem}")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"There is no {path}: `train` writes it, beside the artifact's folder."
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if damaged > LISTED:
        warn(f"{path}: {damaged} lines are skipped in all")
    return records


def find_run(records: Sequence[RunRecord], start: str) -> RunRecord:
    """Return the run whose id starts so; of several with the same id, the latest.

    Raises:
        ConfigurationError: there is none, or there are several.
    """
    found = {each.id: each for each in records if start and each.id.startswith(start)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        names = ", ".join([*found][:LISTED])
        raise ConfigurationError(f"{start[:40]!r} is the start of several runs: {names}.")
    latest = ", ".join(each.id for each in records[: -LISTED - 1 : -1])
    raise ConfigurationError(f"There is no run {start[:40]!r}. The latest are: {latest or 'none'}.")
