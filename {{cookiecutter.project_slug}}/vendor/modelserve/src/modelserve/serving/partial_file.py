"""A file of lines that grows under a hidden name, and gets its own once nothing is added."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

SUFFIX = ".part"

log = logging.getLogger(__name__)


class PartialFile:
    """A file that holds whole lines, and nothing else, once it is closed.

    Args:
        path: its name once it is closed; folders are made.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        """Make the file."""
        self._path = path
        self._part = path.with_name(f".{path.name}{SUFFIX}")
        self._part.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._descriptor = os.open(self._part, flags, 0o640)
        self.opened = time.monotonic()
        self.lines = self.size = 0
        self._torn = False

    def append(self, lines: Sequence[bytes]) -> str:
        """Write lines in their order, as many as the disk takes; return why it took no more.

        `lines` tells how many the file holds then. What was written of another is cut off before
        anything is added, or the file is closed: a disk that refuses to write may refuse to cut.
        """
        content = memoryview(b"".join(lines))
        done, trouble = 0, ""
        try:
            self._cut()
            while done < len(content):
                done += os.write(self._descriptor, content[done:])
        except OSError as error:
            trouble = str(error)
        ends = [0, *accumulate(map(len, lines))]
        whole = max(i for i, end in enumerate(ends) if end <= done)
        self.lines += whole
        self.size += ends[whole]
        self._torn = self._torn or done > ends[whole]
        return trouble

    def exists(self) -> bool:
        """Tell whether the file is still where it was made."""
        return self._part.exists()

    def close(self) -> None:
        """Give the file its name.

        Raises:
            OSError: it is gone, or the disk did not take all of it.
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


def adopt(folders: Sequence[Path], *, older_than_s: float) -> Iterator[Path]:
    """Close files that nobody writes any more, for their process was killed; yield each of them.

    One that cannot be closed is logged, and left as it is.

    Args:
        folders: in which they lie.
        older_than_s: since the last line; a living writer never waits so long.
    """
    for part in (each for folder in folders for each in folder.glob(f".*{SUFFIX}")):
        try:
            if time.time() - part.stat().st_mtime >= older_than_s and (path := _finish(part)):
                yield path
        except FileNotFoundError:
            continue  # another process has been quicker
        except OSError as error:
            log.warning("file not adopted", extra={"path": str(part), "trouble": str(error)})


def _finish(part: Path) -> Path | None:
    """Give a file its name, without a line that was begun; take away one that has no whole line."""
    with part.open("rb+") as stream:
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)
    if b"\n" in content:
        return part.replace(part.with_name(part.name[1 : -len(SUFFIX)]))
    part.unlink()
    return None
