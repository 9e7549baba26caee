"""The record of promotions: a file of JSON lines to which lines are only ever appended."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import RecordError
from .chain import RecordLine, decode, next_line

if sys.platform != "win32":
    import fcntl

REPAIR = (
    "Nothing was appended. Compare the file with an earlier version, such as by `git diff`, and "
    "restore that; remove an incomplete last line by hand."
)


def read_record(path: Path) -> tuple[list[RecordLine], str]:
    """Return the lines of a record up to the first that is wrong, and what is wrong with it.

    Args:
        path: of the file; one that does not exist has no lines.

    Raises:
        RecordError: the file cannot be read.
    """
    try:
        return decode(path.read_bytes())
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        raise RecordError(f"The record {path} cannot be read: {error}") from error


class RecordAppender:
    """The record while this process holds its lock.

    Args:
        path: of the file.
        descriptor: of the file, open to read and to append.

    Raises:
        RecordError: the file cannot be read, or its chain is broken.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        """Read the lines, and verify them."""
        self.path = path
        self._descriptor = descriptor
        self.lines, fault = read_record(path)
        if fault:
            raise RecordError(f"The record {path} is broken: {fault}. {REPAIR}")

    def append(self, content: Mapping[str, Any]) -> RecordLine:
        """Append a line, and return it once it is on the disk.

        Args:
            content: what the line says; JSON without NaN.

        Raises:
            RecordError: it cannot be written; the record is as it was.
        """
        line = next_line(content, after=self.lines[-1] if self.lines else None)
        size = os.fstat(self._descriptor).st_size
        try:
            rest = line.text
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):  # a part of a line is no line
                os.ftruncate(self._descriptor, size)
            raise RecordError(f"The record {self.path} cannot be written: {error}") from error
        self.lines.append(line)
        return line


@contextmanager
def open_record(path: Path) -> Iterator[RecordAppender]:
    """Lock the record, wait for whoever has locked it, and verify it; create it if need be.

    The system releases the lock when the process ends, however it ends.

    Args:
        path: of the file.

    Raises:
        RecordError: the file cannot be opened, or its chain is broken.
    """
    try:
        created = not path.exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        raise RecordError(f"The record {path} cannot be written: {error}") from error
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if created:
            _sync_folder(path.parent)
        yield RecordAppender(path, descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk, so that a new file is still there after a crash."""
    with suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
