"""A file of lines that is written under a hidden name, and renamed once it is complete."""

import logging
import os
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

SUFFIX = ".part"

log = logging.getLogger(__name__)


class PartialFile:
    """A file that holds only whole lines once it is closed.

    Args:
        path: its final name; parent folders are created.

    Raises:
        OSError: it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self._path = path
        self._part = path.with_name(f".{path.name}{SUFFIX}")
        self._part.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._descriptor = os.open(self._part, flags, 0o640)
        self.opened = time.monotonic()
        self.lines = self.size = 0
        self._torn = False

    def append(self, lines: Sequence[bytes]) -> str:
        """Write as many lines as the disk accepts; return the error if it rejected any.

        `lines` counts the lines in the file. An incomplete line is cut off before the next write,
        or when the file is closed: a disk that rejects writes may also reject a cut.
        """
        content = memoryview(b"".join(lines))
        done, error_text = 0, ""
        try:
            self._cut()
            while done < len(content):
                done += os.write(self._descriptor, content[done:])
        except OSError as error:
            error_text = str(error)
        ends = [0, *accumulate(map(len, lines))]
        whole = bisect_right(ends, done) - 1
        self.lines += whole
        self.size += ends[whole]
        self._torn = self._torn or done > ends[whole]
        return error_text

    def exists(self) -> bool:
        """Return whether the file still exists."""
        return self._part.exists()

    def close(self) -> None:
        """Rename the file to its final name.

        Raises:
            OSError: it is gone, or the disk rejected a part of it.
        """
        try:
            self._cut()
        finally:
            os.close(self._descriptor)
        if self.lines:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    def _cut(self) -> None:
        if self._torn:
            os.ftruncate(self._descriptor, self.size)
            self._torn = False


def recover(folders: Sequence[Path], *, older_than_s: float) -> Iterator[Path]:
    """Complete the files of killed processes; yield each of them.

    A file that cannot be completed is logged, and left as it is.

    Args:
        folders: where they are.
        older_than_s: since the last write; a running writer never waits that long.
    """
    for part in (each for folder in folders for each in folder.glob(f".*{SUFFIX}")):
        try:
            if time.time() - part.stat().st_mtime >= older_than_s and (path := _finish(part)):
                yield path
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            log.warning("file not recovered", extra={"path": str(part), "error_text": str(error)})


def _finish(part: Path) -> Path | None:
    """Rename a file without its incomplete line; delete one without a whole line."""
    with part.open("rb+") as stream:
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)
    if b"\n" in content:
        return part.replace(part.with_name(part.name[1 : -len(SUFFIX)]))
    part.unlink()
    return None
